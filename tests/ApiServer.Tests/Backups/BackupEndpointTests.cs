using KubeAspire.StateStore.Backups;

namespace KubeAspire.ApiServer.Tests.Backups;

public sealed class BackupEndpointTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Path = "/kubeaspire.dev/backup";

    [Fact]
    public async Task AnAdministrator_GetsTheWholeCluster_WithItsKeys()
    {
        var ns = await api.NamespaceAsync();
        var answer = await api.SendAsync("GET", Path);
        Assert.Equal((200, "application/octet-stream"), (answer.Code, answer.Headers.ContentType.ToString()));
        var file = System.IO.Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, answer.Bytes, TestContext.Current.CancellationToken);
            var backup = StateBackup.Verify(file);
            Assert.Equal(["pki/ca.key"], backup.Files);
            Assert.True(backup.Header.Revision > 1 && backup.Entries > 20, $"{backup}");
            Assert.Contains($"\"name\":\"{ns}\"", answer.Text, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("jane", 403)]
    [InlineData("system:node:node-1", 403)]
    [InlineData(null, 401)]
    public async Task NobodyElse_GetsAnything(string? user, int code)
    {
        var answer = await api.SendAsync("GET", Path, user: user);
        Assert.Equal(code, answer.Code);
        Assert.Equal("Status", answer.At("kind"));
    }

    [Fact]
    public async Task ARoleThatGrantsEveryPath_IsNotEnough()
    {
        Assert.Equal(201, (await api.SendAsync("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """
            {"metadata":{"name":"almighty"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},
             "subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"almighty"}]}
            """)).Code);
        for (var attempt = 0; attempt < 200 && (await api.SendAsync("GET", "/api/v1/secrets", user: "almighty")).Code != 200; attempt++)
        {
            // Rules are followed by a watch.
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.Equal(200, (await api.SendAsync("GET", "/api/v1/secrets", user: "almighty")).Code);
        Assert.Equal(403, (await api.SendAsync("GET", Path, user: "almighty")).Code);
    }

    [Theory]
    [InlineData("POST", Path)]
    [InlineData("GET", "/kubeaspire.dev")]
    [InlineData("GET", "/kubeaspire.dev/backup/more")]
    public async Task OtherMethodsAndPaths_AreNotThere(string method, string target) =>
        Assert.Equal(404, (await api.SendAsync(method, target)).Code);
}
