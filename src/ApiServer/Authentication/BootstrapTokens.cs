using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Authentication;

/// <summary>Tokens of the form <c>id.secret</c> with which a machine that has nothing yet asks for a certificate: Secrets of kube-system.</summary>
/// <remarks>Upstream's bootstrap token authenticator; a Secret of type <c>bootstrap.kubernetes.io/token</c> named <c>bootstrap-token-&lt;id&gt;</c>.</remarks>
public sealed partial class BootstrapTokens(IStateEngine engine, TimeProvider clock)
{
    private const string Namespace = "kube-system";
    private const string SecretType = "bootstrap.kubernetes.io/token";
    private const string Group = "system:bootstrappers";

    /// <summary>Whether a bearer token has the form of one.</summary>
    public static bool IsOne(string token) => Form().IsMatch(token);

    /// <summary>The user of a token; null where there is no such token, it has run out or is not for authentication.</summary>
    public async ValueTask<ApiUser?> CheckAsync(string token, CancellationToken cancellationToken)
    {
        var (id, secret) = (token[..6], token[7..]);
        if (await engine.FindAsync<Secret>(Namespace, "bootstrap-token-" + id, cancellationToken) is not { Type: SecretType } found || found.Metadata.DeletionTimestamp is not null)
        {
            return null;
        }

        var stored = Read(found, "token-secret");
        if (stored.Length == 0 || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(stored), Encoding.UTF8.GetBytes(secret)) || Read(found, "token-id") != id
            || Read(found, "usage-bootstrap-authentication") != "true" || HasRunOut(Read(found, "expiration")))
        {
            return null;
        }

        // A group outside the prefix would be a way to become anybody.
        var extra = Read(found, "auth-extra-groups").Split(',', StringSplitOptions.RemoveEmptyEntries);
        return extra.All(group => ExtraGroup().IsMatch(group)) ? ApiUser.Named("system:bootstrap:" + id, [Group, .. extra]) : null;
    }

    private bool HasRunOut(string expiration) => expiration.Length > 0
        && (!DateTimeOffset.TryParse(expiration, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until) || until <= clock.GetUtcNow());

    private static string Read(Secret secret, string key)
    {
        if (secret.Data?.GetValueOrDefault(key) is not { } value)
        {
            return "";
        }

        return Encoding.UTF8.GetString(value);
    }

    [GeneratedRegex(@"\A[a-z0-9]{6}\.[a-z0-9]{16}\z")]
    private static partial Regex Form();

    [GeneratedRegex(@"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z")]
    private static partial Regex ExtraGroup();
}
