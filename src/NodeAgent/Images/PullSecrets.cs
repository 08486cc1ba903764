using System.Text;
using System.Text.Json;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Images;

/// <summary>Finds the credential for a registry in a pod's imagePullSecrets.</summary>
internal static class PullSecrets
{
    public static async Task<RegistryCredential?> FindAsync(Pod pod, string image, IReferencedObjects objects, CancellationToken cancellationToken)
    {
        var registry = ImageNames.RegistryOf(image);
        foreach (var reference in pod.Spec.ImagePullSecrets ?? [])
        {
            // A missing pull secret is no error: upstream warns and tries without it.
            var secret = reference.Name is { Length: > 0 } name ? await objects.FindSecretAsync(pod.Metadata.Namespace ?? "", name, cancellationToken) : null;
            if (secret?.Data is { } data && Parse(data, registry) is { } credential)
            {
                return credential;
            }
        }

        return null;
    }

    private static RegistryCredential? Parse(IReadOnlyDictionary<string, byte[]> data, string registry)
    {
        var newForm = data.TryGetValue(".dockerconfigjson", out var json);
        if (!newForm && !data.TryGetValue(".dockercfg", out json))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            var entries = newForm ? document.RootElement.GetProperty("auths") : document.RootElement;
            foreach (var entry in entries.EnumerateObject())
            {
                if (HostOf(entry.Name) != registry && !(registry == "docker.io" && HostOf(entry.Name) == "index.docker.io"))
                {
                    continue;
                }

                if (entry.Value.TryGetProperty("auth", out var auth) && auth.GetString() is { Length: > 0 } encoded)
                {
                    var text = Encoding.UTF8.GetString(Convert.FromBase64String(encoded));
                    var colon = text.IndexOf(':');
                    return colon < 0 ? null : new RegistryCredential(text[..colon], text[(colon + 1)..], entry.Name);
                }

                return new RegistryCredential(entry.Value.GetProperty("username").GetString() ?? "", entry.Value.GetProperty("password").GetString() ?? "", entry.Name);
            }
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            return null; // A broken pull secret is as good as none; the pull's own error says that it was refused.
        }

        return null;
    }

    private static string HostOf(string entry)
    {
        var host = entry.Contains("://", StringComparison.Ordinal) ? entry[(entry.IndexOf("://", StringComparison.Ordinal) + 3)..] : entry;
        return host.Split('/')[0];
    }
}
