namespace KubeAspire.Silo.Tests.Hosting;

public sealed class CredentialTests(SiloFixture silo) : IClassFixture<SiloFixture>
{
    [Theory]
    [InlineData("kubeconfig")]
    [InlineData("credentials/node-1.kubeconfig")]
    [InlineData("credentials/gateway-1.kubeconfig")]
    [InlineData("data/pki/ca.key")]
    [InlineData("data/pki/sa.key")]
    public void SecretFiles_AreTheOwnersOnly(string file)
    {
        var mode = OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(Path.Combine(silo.Folder, file));
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no file modes on Windows");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, mode);
    }

    [Fact]
    public async Task Node_IsItself_AndMayReadItsPods_ButNoOthers_NorDeleteNamespaces()
    {
        await silo.RequireKubectlAsync();
        const string Node = "credentials/node-1.kubeconfig";
        var who = await silo.RunAsync("auth whoami", Node);
        var pods = await silo.RunAsync("get pods -A --field-selector spec.nodeName=node-1", Node);
        var others = await silo.RunAsync("get pods -A", Node);
        var refused = await silo.RunAsync("delete ns default", Node);

        Assert.Contains("system:node:node-1", who.Text, StringComparison.Ordinal);
        Assert.Equal(0, pods.Code);
        Assert.Contains("User \"system:node:node-1\" cannot list resource \"pods\"", others.Text, StringComparison.Ordinal);
        Assert.Contains("User \"system:node:node-1\" cannot delete resource \"namespaces\"", refused.Text, StringComparison.Ordinal);
    }
}
