using System.Text;

namespace KubeAspire.ApiServer.Authentication;

/// <summary>Writes kubeconfig files with a client certificate.</summary>
public static class Kubeconfig
{
    /// <summary>Writes the file, unless the one that is there is still good.</summary>
    /// <param name="file">Where.</param>
    /// <param name="server">URL of the API server.</param>
    /// <param name="user">Common name of the certificate.</param>
    /// <param name="groups">Organizations of the certificate.</param>
    /// <param name="pki">Issues it.</param>
    public static void Write(string file, string server, string user, IReadOnlyCollection<string> groups, Pki pki)
    {
        if (File.Exists(file) && IsCurrent(File.ReadAllText(file), server, user, pki))
        {
            return;
        }

        var (certificate, key) = pki.IssueClient(user, groups);
        SecretFiles.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(file))!);
        SecretFiles.Write(file, $"""
            apiVersion: v1
            kind: Config
            current-context: kubeaspire
            clusters:
            - name: kubeaspire
              cluster:
                server: {server}
                certificate-authority-data: {Base64(pki.AuthorityPem)}
            contexts:
            - name: kubeaspire
              context:
                cluster: kubeaspire
                user: "{user}"
            users:
            - name: "{user}"
              user:
                client-certificate-data: {Base64(certificate)}
                client-key-data: {Base64(key)}

            """);
    }

    private static bool IsCurrent(string text, string server, string user, Pki pki) =>
        text.Contains($"server: {server}\n", StringComparison.Ordinal)
        && text.Contains($"user: \"{user}\"\n", StringComparison.Ordinal)
        && text.Contains(Base64(pki.AuthorityPem), StringComparison.Ordinal)
        && Value(text, "client-certificate-data: ") is { } certificate && pki.IsGood(Encoding.ASCII.GetString(Convert.FromBase64String(certificate)));

    private static string? Value(string text, string name)
    {
        var start = text.IndexOf(name, StringComparison.Ordinal);
        return start < 0 ? null : text[(start + name.Length)..].Split('\n')[0].Trim();
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
