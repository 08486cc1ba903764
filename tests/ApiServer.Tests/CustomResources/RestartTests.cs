using System.Security.Cryptography;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Resources;
using Microsoft.Extensions.Logging.Abstractions;
using static KubeAspire.ApiServer.Tests.CustomResources.Definitions;

namespace KubeAspire.ApiServer.Tests.CustomResources;

/// <summary>A server that starts over a store that has definitions already.</summary>
public sealed class RestartTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task EveryStoredDefinition_IsServedFromTheBeginning()
    {
        var group = Group();
        await api.EstablishAsync(Widgets(group));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var stop = new CancellationTokenSource();
        using var second = new KubeApiServer(new ApiServerOptions { Kinds = BuiltInKinds.All, AdvertiseAddress = "127.0.0.1", Port = 6443, Seed = 2 }, api.Engine, key, TimeProvider.System, NullLoggerFactory.Instance);
        var following = await second.StartAsync(stop.Token);
        Assert.NotNull(second.Kinds.Find(group, "v1", "widgets"));
        Assert.Contains(second.Kinds.Current.StoredTypes, type => type.GroupResource == $"widgets.{group}");
        await stop.CancelAsync();
        await following;
    }
}
