using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Resources.Apiextensions;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Tests.Several;

/// <summary>What one server stores while another removes the place it belongs to does not stay behind.</summary>
public sealed class RemovalRaceTests
{
    private static readonly ResourceType s_widgets = new("example.org", "v1", "Widget", "widgets", true);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, 403)]
    [InlineData(true, 404)]
    public async Task AnObjectThatIsStoredAfterItsNamespaceBeganToGo_IsTakenBack(bool gone, int code)
    {
        await using var servers = await SeveralServers.StartAsync(2);
        var held = new Hold();
        servers.Engine(0).Before = held.On("create", key => key.Collection == "configmaps");
        var late = servers[0].CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "late", Namespace = "t" } }, Stop);
        await held.Come;
        Assert.Null(await servers[1].DeleteAsync<Namespace>(null, "t", new DeleteOptions(), Stop));
        if (gone)
        {
            // The namespace controller has found nothing to delete.
            var key = new StateKey("namespaces", "", "t");
            Assert.Equal(StateOutcome.Committed, (await servers.Store.DeleteAsync(key, (await servers.Store.GetAsync(key, Stop))!.Revision, Stop)).Outcome);
        }

        held.Open();
        Assert.Equal(code, (await late).Error!.Code);
        Assert.Null(await servers.Store.GetAsync(new StateKey("configmaps", "t", "late"), Stop));
    }

    [Fact]
    public async Task AnObjectThatIsStoredBeforeItsNamespaceBeganToGo_Stays()
    {
        await using var servers = await SeveralServers.StartAsync(1);
        Assert.True((await servers[0].CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = "early", Namespace = "t" } }, Stop)).Succeeded);
        Assert.Null(await servers[0].DeleteAsync<Namespace>(null, "t", new DeleteOptions(), Stop));
        Assert.NotNull(await servers.Store.GetAsync(new StateKey("configmaps", "t", "early"), Stop));
    }

    [Fact]
    public async Task AnObjectThatIsStoredAfterItsDefinitionBeganToGo_IsTakenBack()
    {
        await using var servers = await SeveralServers.StartAsync(2);
        Assert.True((await servers[0].CreateAsync(Definition(), Stop)).Succeeded);
        await ServedAsync(servers, 0);
        await ServedAsync(servers, 1);
        var held = new Hold();
        servers.Engine(0).Before = held.On("create", key => key.Collection == "widgets.example.org");
        var late = servers[0].CreateAsync(s_widgets, Widget("late"), Stop);
        await held.Come;

        // The other server finds the collection empty, and the definition goes.
        Assert.Null(await servers[1].DeleteAsync<CustomResourceDefinition>(null, "widgets.example.org", new DeleteOptions(), Stop));
        await GoneAsync(servers, new StateKey(CustomResourceDefinition.ResourceType.GroupResource, "", "widgets.example.org"));
        held.Open();

        Assert.Equal(405, (await late).Error!.Code);
        Assert.Null(await servers.Store.GetAsync(new StateKey("widgets.example.org", "t", "late"), Stop));
    }

    [Fact]
    public async Task AKindThatIsEstablished_IsServedByEveryServer()
    {
        await using var servers = await SeveralServers.StartAsync(3);
        for (var round = 0; round < 5; round++)
        {
            Assert.True((await servers[round % 3].CreateAsync(Definition(), Stop)).Succeeded);
            await EstablishedAsync(servers);
            var made = await Task.WhenAll(Enumerable.Range(0, 3).Select(at => servers[at].CreateAsync(s_widgets, Widget($"w{at}"), Stop)));
            Assert.All(made, one => Assert.True(one.Succeeded, one.Error?.Message));
            Assert.Null(await servers[0].DeleteAsync<CustomResourceDefinition>(null, "widgets.example.org", new DeleteOptions(), Stop));
            await GoneAsync(servers, new StateKey(CustomResourceDefinition.ResourceType.GroupResource, "", "widgets.example.org"));
        }
    }

    private static PartialObjectMetadata Widget(string name) => new()
    {
        ApiVersion = s_widgets.ApiVersion, Kind = s_widgets.Kind, Metadata = new ObjectMeta { Name = name, Namespace = "t" },
    };

    private static CustomResourceDefinition Definition() => new()
    {
        Metadata = new ObjectMeta { Name = "widgets.example.org" },
        Spec = new CustomResourceDefinitionSpec
        {
            Group = "example.org",
            Scope = "Namespaced",
            Names = new CustomResourceDefinitionNames { Kind = "Widget", Plural = "widgets", Singular = "widget", ListKind = "WidgetList" },
            Versions =
            [
                new CustomResourceDefinitionVersion
                {
                    Name = "v1", Served = true, Storage = true, Schema = new CustomResourceValidation { OpenAPIV3Schema = new JSONSchemaProps { Type = "object" } },
                },
            ],
        },
    };

    private static async Task ServedAsync(SeveralServers servers, int at)
    {
        while ((await servers[at].ListAsync<PartialObjectMetadata>(s_widgets, "t", ListQuery.All, Stop)).Error?.Reason == ApiErrorReason.NotFound)
        {
            await Task.Yield();
        }
    }

    private static Task EstablishedAsync(SeveralServers servers) => UntilAsync(servers, CustomResourceDefinition.ResourceType.GroupResource, async () =>
        (await servers[0].GetAsync<CustomResourceDefinition>(null, "widgets.example.org", Stop)).Value?.Status.Conditions?.Any(condition => condition is { Type: "Established", Status: "True" }) == true);

    private static Task GoneAsync(SeveralServers servers, StateKey key) => UntilAsync(servers, key.Collection, async () => await servers.Store.GetAsync(key, Stop) is null);

    private static async Task UntilAsync(SeveralServers servers, string collection, Func<Task<bool>> holds)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(10));
        using (deadline)
        using (var cursor = servers.Store.Watch(new StateRange(collection), servers.Store.Revision))
        {
            while (!await holds())
            {
                await cursor.NextAsync(TimeSpan.FromSeconds(10), deadline.Token);
            }
        }
    }
}
