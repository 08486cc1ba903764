using System.Text;
using KubeAspire.Client.Rest;

namespace KubeAspire.Client.Tests.Rest;

public sealed class KubeconfigLoaderTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kubeconfig-");
    private readonly TestPki _pki = new("cluster");

    public void Dispose()
    {
        _pki.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void DataInTheFile_IsUsed()
    {
        using var client = _pki.Issue("O=system:masters, CN=kubernetes-admin");
        var config = KubeconfigLoader.Parse(
            $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: other
              cluster: {"{server: https://10.0.0.1:6443}"}
            - name: kubeaspire
              cluster:
                server: https://127.0.0.1:6443
                certificate-authority-data: {Base64(_pki.Authority.ExportCertificatePem())}
            users:
            - name: admin
              user:
                client-certificate-data: {Base64(client.ExportCertificatePem())}
                client-key-data: {Base64(TestPki.KeyPem(client))}
            contexts:
            - name: here
              context: {"{cluster: kubeaspire, user: admin, namespace: shop}"}
            current-context: here
            """,
            null, ".");

        Assert.Equal("https://127.0.0.1:6443/", config.Server.AbsoluteUri);
        Assert.Equal("shop", config.Namespace);
        Assert.Equal(_pki.Authority.Thumbprint, Assert.Single(config.CertificateAuthorities!).Thumbprint);
        Assert.True(config.ClientCertificate!.HasPrivateKey);
        Assert.Equal(client.Thumbprint, config.ClientCertificate.Thumbprint);
    }

    [Fact]
    public void FilesBesideIt_AreFound_AndJsonIsYaml()
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "ca.crt"), _pki.Authority.ExportCertificatePem());
        var path = Path.Combine(_directory.FullName, "config");
        File.WriteAllText(path, """
            {"clusters":[{"name":"c","cluster":{"server":"https://host/prefix","certificate-authority":"ca.crt","tls-server-name":"kubernetes"}}],
             "users":[{"name":"u","user":{"tokenFile":"token"}}],
             "contexts":[{"name":"a","context":{"cluster":"c","user":"u"}},{"name":"b","context":{"cluster":"c"}}],"current-context":"b"}
            """);

        var chosen = KubeconfigLoader.Load(path, "a");
        Assert.Equal(Path.Combine(_directory.FullName, "token"), chosen.TokenFile);
        Assert.Equal("kubernetes", chosen.TlsServerName);
        Assert.Equal("default", chosen.Namespace);
        Assert.Single(chosen.CertificateAuthorities!);
        Assert.Null(KubeconfigLoader.Load(path).TokenFile);
    }

    [Theory]
    [InlineData("", "holds no configuration")]
    [InlineData("contexts: []", "names no current-context")]
    [InlineData("current-context: x", "no context \"x\"")]
    [InlineData("{current-context: x, contexts: [{name: x, context: {cluster: y}}]}", "no cluster \"y\"")]
    [InlineData("{current-context: x, contexts: [{name: x, context: {cluster: y}}], clusters: [{name: y, cluster: {server: 'ftp://h'}}]}", "no http or https address")]
    [InlineData("{current-context: x, contexts: [{name: x, context: {cluster: y, user: z}}], clusters: [{name: y, cluster: {server: 'https://h'}}], users: [{name: z, user: {client-key-data: aGk=}}]}", "needs both")]
    [InlineData("{current-context: x, contexts: [{name: x, context: {cluster: y}}], clusters: [{name: y, cluster: {server: 'https://h', certificate-authority-data: '%%'}}]}", "could not read")]
    [InlineData("a: [", "could not read")]
    public void ABrokenFile_SaysWhatIsWrong(string text, string why)
    {
        var path = Path.Combine(_directory.FullName, "broken");
        File.WriteAllText(path, text);
        var exception = Assert.Throws<KubeconfigException>(() => KubeconfigLoader.Load(path));
        Assert.Contains(why, exception.Message);
        Assert.Contains(path, exception.Message);
    }

    [Fact]
    public void AMissingFile_IsNamed() =>
        Assert.Contains("/no/such/file", Assert.Throws<KubeconfigException>(() => KubeconfigLoader.Load("/no/such/file")).Message);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
