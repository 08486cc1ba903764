using System.Collections.Concurrent;
using KubeAspire.Client;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.Resources.Authentication;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Volumes;

/// <summary>Tokens of pods' service accounts.</summary>
internal interface IServiceAccountTokens
{
    /// <summary>A token bound to the pod, good for a while yet.</summary>
    Task<string> GetAsync(Pod pod, string? audience, long? expirationSeconds, CancellationToken cancellationToken);
}

/// <summary>Asks the API server for tokens bound to their pod, and again when 80 % of their life, or a day, has passed.</summary>
internal sealed class ServiceAccountTokens(IApiClient client, TimeProvider clock) : IServiceAccountTokens
{
    /// <summary>Life asked for where the pod says none. 1 h, upstream's default.</summary>
    private const long DefaultExpirationSeconds = 3600;

    /// <summary>Part of its life after which a token is renewed. 0.8, as upstream.</summary>
    private const double RenewAfter = 0.8;

    private static readonly TimeSpan s_renewAtLatest = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<(string Uid, string Audience, long Seconds), Issued> _issued = new();

    public async Task<string> GetAsync(Pod pod, string? audience, long? expirationSeconds, CancellationToken cancellationToken)
    {
        var key = (pod.Metadata.Uid ?? "", audience ?? "", expirationSeconds ?? DefaultExpirationSeconds);
        var now = clock.GetUtcNow();
        if (_issued.TryGetValue(key, out var known) && now < known.RenewAt)
        {
            return known.Token;
        }

        var account = string.IsNullOrEmpty(pod.Spec.ServiceAccountName) ? "default" : pod.Spec.ServiceAccountName;
        var request = new TokenRequest
        {
            ApiVersion = TokenRequest.ResourceType.ApiVersion,
            Kind = TokenRequest.ResourceType.Kind,
            Spec = new TokenRequestSpec
            {
                Audiences = string.IsNullOrEmpty(audience) ? [] : [audience],
                ExpirationSeconds = key.Item3,
                BoundObjectRef = new BoundObjectReference { ApiVersion = "v1", Kind = "Pod", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
            },
        };
        string problem;
        try
        {
            var answer = await client.CreateSubresourceAsync<TokenRequest, TokenRequest>(
                ServiceAccount.ResourceType, pod.Metadata.Namespace, account, "token", request, cancellationToken);
            if (answer.Succeeded && answer.Value.Status.Token is { } token)
            {
                var life = (answer.Value.Status.ExpirationTimestamp ?? now.AddSeconds(key.Item3)) - now;
                var renewIn = life * RenewAfter;
                _issued[key] = new Issued(token, now + (renewIn < s_renewAtLatest ? renewIn : s_renewAtLatest));
                return token;
            }

            problem = answer.Error?.Message ?? "the API server gave no token";
        }
        catch (HttpRequestException exception)
        {
            problem = exception.Message;
        }

        // An old token is better than none while the API server is away.
        return known?.Token ?? throw new ReferenceException($"failed to fetch token: {problem}");
    }

    /// <summary>Forgets a pod that is gone.</summary>
    public void Forget(string uid)
    {
        foreach (var key in _issued.Keys.Where(key => key.Uid == uid))
        {
            _issued.TryRemove(key, out _);
        }
    }

    private sealed record Issued(string Token, DateTimeOffset RenewAt);
}
