namespace KubeAspire.Gateway.Tests;

public sealed class GatewayOptionsTests
{
    [Fact]
    public void GoodOptions_Pass() => Assert.True(new GatewayOptionsValidator().Validate(null, new GatewayOptions { Kubeconfig = "x" }).Succeeded);

    [Fact]
    public void EveryBrokenOption_IsNamed()
    {
        var result = new GatewayOptionsValidator().Validate(null, new GatewayOptions
        {
            Name = "No Label", HttpPort = -1, ServiceCidr = "10.96.0.0", DnsListen = "127.0.0.1:5353, nowhere", AdvertiseAddress = "here",
        });

        foreach (var broken in new[] { "Kubeconfig", "Name", "HttpPort", "ServiceCidr", "nowhere", "AdvertiseAddress" })
        {
            Assert.Contains(result.Failures!, failure => failure.Contains(broken, StringComparison.Ordinal));
        }
    }
}
