using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace KubeAspire.Client.Rest;

/// <summary>Reads kubeconfig files, YAML or JSON.</summary>
/// <remarks>Understood: clusters, users by certificate, key, token or token file, contexts. Not: exec plug-ins, auth providers, passwords, proxies.</remarks>
public static class KubeconfigLoader
{
    /// <summary>Largest file read. 1 MiB.</summary>
    public const int FileBytesMax = 1 << 20;

    /// <summary>Reads a file. Paths inside it are relative to it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="context">The context to use; null for its current one.</param>
    /// <exception cref="KubeconfigException">The file cannot be read or does not make sense; the message says where.</exception>
    public static Kubeconfig Load(string path, string? context = null)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > FileBytesMax })
            {
                throw new KubeconfigException($"kubeconfig {path} is larger than {FileBytesMax} bytes");
            }

            return Parse(File.ReadAllText(path), context, Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or FormatException or YamlException)
        {
            throw new KubeconfigException($"could not read kubeconfig {path}: {exception.Message}", exception);
        }
        catch (KubeconfigException exception)
        {
            throw new KubeconfigException($"kubeconfig {path}: {exception.Message}", exception);
        }
    }

    /// <summary>Reads text.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="context">The context to use; null for the current one.</param>
    /// <param name="directory">What paths inside are relative to.</param>
    /// <exception cref="KubeconfigException">The text does not make sense; the message says where.</exception>
    public static Kubeconfig Parse(string text, string? context, string directory)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        if (stream.Documents.Count == 0 || stream.Documents[0].RootNode is not YamlMappingNode root)
        {
            throw new KubeconfigException("it holds no configuration");
        }

        var name = context ?? Text(root, "current-context") ?? throw new KubeconfigException("it names no current-context");
        var chosen = Named(root, "contexts", "context", name);
        var cluster = Named(root, "clusters", "cluster", Text(chosen, "cluster") ?? throw new KubeconfigException($"context \"{name}\" names no cluster"));
        var user = Text(chosen, "user") is { } userName ? Named(root, "users", "user", userName) : new YamlMappingNode();
        var server = Text(cluster, "server") ?? throw new KubeconfigException("the cluster names no server");
        if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
        {
            throw new KubeconfigException($"the server \"{server}\" is no http or https address");
        }

        return new Kubeconfig
        {
            Server = uri,
            Namespace = Text(chosen, "namespace") ?? "default",
            CertificateAuthorities = Data(cluster, "certificate-authority", directory) is { } authorities ? Authorities(authorities) : null,
            TlsServerName = Text(cluster, "tls-server-name"),
            InsecureSkipTlsVerify = Text(cluster, "insecure-skip-tls-verify") == "true",
            ClientCertificate = Certificate(user, directory),
            Token = Text(user, "token"),
            TokenFile = Text(user, "tokenFile") is { } file ? Path.GetFullPath(file, directory) : null,
        };
    }

    private static X509Certificate2Collection Authorities(string pem)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(pem);
        return authorities.Count > 0 ? authorities : throw new KubeconfigException("certificate-authority holds no certificate");
    }

    private static X509Certificate2? Certificate(YamlMappingNode user, string directory)
    {
        var certificate = Data(user, "client-certificate", directory);
        var key = Data(user, "client-key", directory);
        return (certificate, key) switch
        {
            (null, null) => null,
            (null, _) or (_, null) => throw new KubeconfigException("the user needs both client-certificate and client-key"),
            _ => X509Certificate2.CreateFromPem(certificate, key),
        };
    }

    // The -data form goes before the file, as in kubectl.
    private static string? Data(YamlMappingNode node, string name, string directory)
    {
        if (Text(node, $"{name}-data") is { } encoded)
        {
            return Encoding.ASCII.GetString(Convert.FromBase64String(encoded));
        }

        return Text(node, name) is { } file ? File.ReadAllText(Path.GetFullPath(file, directory)) : null;
    }

    private static YamlMappingNode Named(YamlMappingNode root, string list, string item, string name)
    {
        var found = root.Children.TryGetValue(list, out var node) && node is YamlSequenceNode entries
            ? entries.OfType<YamlMappingNode>().FirstOrDefault(entry => Text(entry, "name") == name) : null;
        return found is not null && found.Children.TryGetValue(item, out var inner) && inner is YamlMappingNode mapping
            ? mapping : throw new KubeconfigException($"there is no {item} \"{name}\"");
    }

    private static string? Text(YamlMappingNode node, string name) =>
        node.Children.TryGetValue(name, out var value) && value is YamlScalarNode { Value: { Length: > 0 } text } ? text : null;
}
