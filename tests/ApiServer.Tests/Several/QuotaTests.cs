using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.ApiServer.Admission.Quota;
using KubeAspire.Client;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Tests.Several;

/// <summary>A quota is exact, by however many servers it is charged and counted anew.</summary>
public sealed class QuotaTests
{
    private const int Hard = 50;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public async Task AHundredCreatesAtOnce_AgainstAQuotaOfFifty_GiveFifty(int count, bool recounts)
    {
        await using var servers = await SeveralServers.StartAsync(count);
        await QuotaAsync(servers, Hard);
        using var done = new CancellationTokenSource();
        var counting = recounts ? Task.WhenAll(Enumerable.Range(0, count).Select(at => RecountAsync(servers, at, done.Token))) : Task.CompletedTask;

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(number => Task.Run(() => servers[number % count].CreateAsync(Map($"n{number}"), Stop))));
        await done.CancelAsync();
        await counting;

        Assert.Equal(Hard, answers.Count(answer => answer.Succeeded));
        Assert.All(answers.Where(answer => !answer.Succeeded), answer => Assert.Contains("exceeded quota: q, requested: configmaps=1, used: configmaps=50, limited: configmaps=50", answer.Error!.Message, StringComparison.Ordinal));
        Assert.Equal(Hard, (await servers[0].ListAsync<ConfigMap>("t", ListQuery.All, Stop)).Value!.Items.Count);
        Assert.Equal("50", await UsedAsync(servers));
        await RecountAsync(servers, count - 1);
        Assert.Equal("50", await UsedAsync(servers));
    }

    [Fact]
    public async Task WhatIsChargedAndNotYetStored_IsCounted()
    {
        await using var servers = await SeveralServers.StartAsync(2);
        await QuotaAsync(servers, 1);
        var held = new Hold();
        servers.Engine(0).Before = held.On("create", key => key.Collection == "configmaps");
        var first = servers[0].CreateAsync(Map("first"), Stop);
        await held.Come;
        await RecountAsync(servers, 1);
        Assert.Equal("1", await UsedAsync(servers));
        Assert.Equal(403, (await servers[1].CreateAsync(Map("second"), Stop)).Error!.Code);

        held.Open();
        Assert.True((await first).Succeeded);
        await RecountAsync(servers, 1);
        Assert.Equal("1", await UsedAsync(servers));
        Assert.Null(await ChargesAsync(servers));
    }

    [Fact]
    public async Task WhatWasStoredAndIsGone_IsNotCounted()
    {
        await using var servers = await SeveralServers.StartAsync(2);
        await QuotaAsync(servers, 1);
        Assert.True((await servers[0].CreateAsync(Map("a"), Stop)).Succeeded);
        Assert.Null(await servers[1].DeleteAsync<ConfigMap>("t", "a", new DeleteOptions(), Stop));
        await RecountAsync(servers, 1);
        Assert.Equal("0", await UsedAsync(servers));
        Assert.True((await servers[1].CreateAsync(Map("b"), Stop)).Succeeded);
    }

    [Fact]
    public async Task WhatIsRefusedAfterItWasCharged_IsGivenBack()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        await QuotaAsync(servers, 5);
        await QuotaAsync(servers, 2, "r");
        Assert.True((await servers[0].CreateAsync(Map("a"), Stop)).Succeeded);
        Assert.Equal(409, (await servers[0].CreateAsync(Map("a"), Stop)).Error!.Code);
        Assert.Equal("1", await UsedAsync(servers));
        Assert.Equal("1", await UsedAsync(servers, "r"));
        Assert.Null(await ChargesAsync(servers));
        Assert.True((await servers[0].CreateAsync(Map("b"), Stop)).Succeeded);
    }

    [Fact]
    public async Task AnUpdateThatLosesItsRace_IsChargedOnce()
    {
        await using var servers = await SeveralServers.StartAsync(2);
        var quota = new ResourceQuota { Metadata = Named("q"), Spec = new ResourceQuotaSpec { Hard = Amounts("services.nodeports", 1) } };
        Assert.True((await servers[0].CreateAsync(quota, Stop)).Succeeded);
        var made = (await servers[0].CreateAsync(new Service { Metadata = Named("s"), Spec = new ServiceSpec { Ports = [new ServicePort { Port = 80 }] } }, Stop)).Value!;
        var held = new Hold();
        servers.Engine(0).Before = held.On("update", key => key.Collection == "services");
        var patched = servers[0].PatchAsync<Service>("t", "s", new ApiPatch(PatchKind.Merge, """{"spec":{"type":"NodePort"}}"""u8.ToArray()), Stop);
        await held.Come;
        Assert.True((await servers[1].UpdateAsync(made with { Metadata = made.Metadata with { Labels = new Dictionary<string, string> { ["a"] = "b" } } }, Stop)).Succeeded);
        held.Open();
        Assert.True((await patched).Succeeded);
        Assert.Equal("1", await UsedAsync(servers, "q", "services.nodeports"));
    }

    [Fact]
    public async Task WhatAServerChargedBeforeItDied_ComesBack_OnceItsHistoryIsGone()
    {
        await using var servers = await SeveralServers.StartAsync(2);
        await QuotaAsync(servers, 1);
        servers.Engine(0).Before = (verb, key) => verb == "create" && key.Collection == "configmaps" ? throw new StateOutcomeUnknownException("the test says so") : Task.CompletedTask;
        await Assert.ThrowsAsync<StateOutcomeUnknownException>(() => servers[0].CreateAsync(Map("a"), Stop));
        await RecountAsync(servers, 1);
        Assert.Equal("1", await UsedAsync(servers));

        await servers.Store.CompactAsync(servers.Store.Revision, Stop);
        await RecountAsync(servers, 1);
        Assert.Equal("0", await UsedAsync(servers));
        Assert.True((await servers[1].CreateAsync(Map("b"), Stop)).Succeeded);
    }

    [Fact]
    public async Task TheCharges_AreNoUsersToChange()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        await QuotaAsync(servers, 5);
        Assert.True((await servers[0].CreateAsync(Map("a"), Stop)).Succeeded);
        var charges = await ChargesAsync(servers);
        Assert.NotNull(charges);

        var quota = (await servers[0].GetAsync<ResourceQuota>("t", "q", Stop)).Value!;
        var changed = quota with { Metadata = quota.Metadata with { Annotations = new Dictionary<string, string> { [QuotaCharges.Annotation] = "{}", ["mine"] = "yes" } } };
        var written = (await servers[0].UpdateAsync(changed, Stop)).Value!;
        Assert.Equal((charges, "yes"), (written.Metadata.Annotations![QuotaCharges.Annotation], written.Metadata.Annotations["mine"]));
        var made = await servers[0].CreateAsync(changed with { Metadata = new ObjectMeta { Name = "r", Namespace = "t", Annotations = changed.Metadata.Annotations } }, Stop);
        Assert.Equal(["mine"], made.Value!.Metadata.Annotations!.Keys);
    }

    private static async Task RecountAsync(SeveralServers servers, int at)
    {
        var quota = (await servers[at].GetAsync<ResourceQuota>("t", "q", Stop)).Value!;
        var ask = quota with { Metadata = quota.Metadata with { ResourceVersion = null }, Status = new ResourceQuotaStatus { Hard = quota.Spec.Hard } };
        var written = await servers[at].UpdateStatusAsync(ask, Stop);
        Assert.True(written.Succeeded, written.Error?.Message);
    }

    private static async Task RecountAsync(SeveralServers servers, int at, CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            await RecountAsync(servers, at);
            await Task.Yield();
        }
    }

    private static async Task QuotaAsync(SeveralServers servers, int hard, string name = "q")
    {
        var quota = new ResourceQuota { Metadata = Named(name), Spec = new ResourceQuotaSpec { Hard = Amounts("configmaps", hard) } };
        Assert.True((await servers[0].CreateAsync(quota, Stop)).Succeeded);
    }

    private static Dictionary<string, Quantity> Amounts(string name, int amount) => new() { [name] = Quantity.From(amount) };

    private static async Task<string?> UsedAsync(SeveralServers servers, string name = "q", string resource = "configmaps") =>
        (await servers[0].GetAsync<ResourceQuota>("t", name, Stop)).Value!.Status.Used?.GetValueOrDefault(resource).Canonical();

    private static async Task<string?> ChargesAsync(SeveralServers servers) =>
        (await servers[0].GetAsync<ResourceQuota>("t", "q", Stop)).Value!.Metadata.Annotations?.GetValueOrDefault(QuotaCharges.Annotation);

    private static ObjectMeta Named(string name) => new() { Name = name, Namespace = "t" };

    private static ConfigMap Map(string name) => new() { Metadata = Named(name) };
}
