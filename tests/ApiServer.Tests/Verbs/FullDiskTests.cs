using System.Security.Cryptography;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Client;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.ApiServer.Tests.Verbs;

/// <summary>What a client is told when the disk under the store is full.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task WritesAreRefusedWith507_ReadsAndDeletesWork_AndWritesGoOnWhenThereIsRoom()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var store = new LimitedStateEngine(reserveBytes: 64 << 10);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var server = new KubeApiServer(
            new ApiServerOptions { Kinds = BuiltInKinds.All, AdvertiseAddress = "127.0.0.1", Port = 6443, Seed = 1 }, store.Engine, key, TimeProvider.System, NullLoggerFactory.Instance);
        using var ending = new CancellationTokenSource();
        var following = await server.StartAsync(ending.Token);
        var client = server.ClientFor(ApiUser.Named("admin", ApiUser.MastersGroup));
        var stored = (await client.CreateAsync(Map("stored"), stop)).Value!;
        for (var i = 0; i < 10; i++)
        {
            Assert.True((await client.CreateAsync(Map($"doomed-{i}"), stop)).Succeeded);
        }

        store.Fill();
        ApiError? error = null;
        for (var i = 0; i < 1_000 && error is null; i++)
        {
            // Blocks taken ahead are used up first.
            error = (await client.CreateAsync(Map($"filling-{i}"), stop)).Error;
        }

        Assert.Equal((ApiErrorReason.StorageFull, 507), (error!.Reason, error.Code));
        Assert.Equal("the store has no room left; deletes still work", error.Message);
        var update = await client.UpdateAsync(stored with { Data = new Dictionary<string, string> { ["more"] = new('y', 3_000) } }, stop);
        Assert.Equal(507, update.Error?.Code);

        Assert.Equal(stored.Metadata.ResourceVersion, (await client.GetAsync<ConfigMap>("default", "stored", stop)).Value!.Metadata.ResourceVersion);
        Assert.True((await client.ListAsync<ConfigMap>("default", ListQuery.All, stop)).Value!.Items.Count > 10);
        for (var i = 0; i < 10; i++)
        {
            Assert.Null(await client.DeleteAsync(ConfigMap.ResourceType, "default", $"doomed-{i}", new DeleteOptions(), stop));
        }

        Assert.Equal(507, (await client.CreateAsync(Map("more"), stop)).Error?.Code);
        store.GiveRoom();
        Assert.True((await client.CreateAsync(Map("more"), stop)).Succeeded);
        await ending.CancelAsync();
        await following;
    }

    private static ConfigMap Map(string name) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default" },
        Data = new Dictionary<string, string> { ["text"] = new('x', 2_000) },
    };
}
