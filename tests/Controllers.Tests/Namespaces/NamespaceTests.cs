using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Controllers.Namespaces;
using KubeAspire.Controllers.RootCaPublisher;
using KubeAspire.Controllers.ServiceAccounts;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;

namespace KubeAspire.Controllers.Tests.Namespaces;

public sealed class NamespaceTests
{
    private readonly TestWorld _world = TestWorld.Of(NamespaceReconciler.Create);

    [Fact]
    public async Task ALeavingNamespace_LosesItsPodsFirst_SaysWhatRemains_AndGoes()
    {
        SeedLeaving("gone");
        var held = Make.Pod("held");
        _world.Api.Seed(held with { Metadata = held.Metadata with { Namespace = "gone", Finalizers = ["test/hold"] } });
        _world.Api.Seed(new ConfigMap { Metadata = new ObjectMeta { Name = "a", Namespace = "gone" } });
        _world.Api.Seed(new ConfigMap { Metadata = new ObjectMeta { Name = "b", Namespace = "other" } });
        await _world.SettleAsync();

        Assert.NotNull(_world.Api.Find<ConfigMap>("gone", "a")); // The pod is still there: the rest waits.
        var status = _world.Api.Find<Namespace>(null, "gone")!.Status;
        Assert.Equal("Terminating", status.Phase);
        Assert.Equal("Some resources are remaining: pods. has 1 resource instances", Condition(status, "NamespaceContentRemaining"));
        Assert.Equal("Some content in the namespace has finalizers remaining: test/hold in 1 resource instances", Condition(status, "NamespaceFinalizersRemaining"));
        _world.Api.ClearActions();
        await _world.AdvanceAsync(TimeSpan.FromSeconds(2));
        Assert.Empty(_world.Api.Actions); // Waiting is no reason to write.

        var pod = _world.Api.Find<Pod>("gone", "held")!;
        await _world.Api.UpdateAsync(pod with { Metadata = pod.Metadata with { Finalizers = null } }, default);
        await _world.KubeletAsync();
        await _world.AdvanceAsync(TimeSpan.FromSeconds(2));
        Assert.Null(_world.Api.Find<ConfigMap>("gone", "a"));
        Assert.NotNull(_world.Api.Find<ConfigMap>("other", "b"));
        Assert.Empty(_world.Api.Find<Namespace>(null, "gone")?.Spec.Finalizers ?? []);
    }

    [Fact]
    public async Task SystemNamespaces_AreMade()
    {
        await _world.SettleAsync();
        Assert.Equal(["default", "kube-node-lease", "kube-public", "kube-system"], _world.Api.All<Namespace>().Select(ns => ns.Metadata.Name));
    }

    [Fact]
    public async Task EveryNamespace_GetsItsAccountAndTheCertificate_AndTheyComeBack()
    {
        var clock = new ManualClock();
        var options = new ControllersOptions { RootCertificatePem = "PEM" };
        var world = new TestWorld(clock, new FakeApiClient(clock), options, ServiceAccountReconciler.Create, RootCaReconciler.Create);
        world.Api.Seed(new Namespace { Metadata = new ObjectMeta { Name = "a" } });
        await world.AssertSettledAsync((0, new ObjectKey("", "a")), (1, new ObjectKey("", "a")));
        Assert.Equal("PEM", world.Api.Find<ConfigMap>("a", "kube-root-ca.crt")!.Data!["ca.crt"]);

        await world.Api.DeleteAsync<ServiceAccount>("a", "default", new DeleteOptions(), default);
        var published = world.Api.Find<ConfigMap>("a", "kube-root-ca.crt")!;
        await world.Api.UpdateAsync(published with { Data = new Dictionary<string, string> { ["ca.crt"] = "forged" } }, default);
        await world.SettleAsync();
        Assert.NotNull(world.Api.Find<ServiceAccount>("a", "default"));
        Assert.Equal("PEM", world.Api.Find<ConfigMap>("a", "kube-root-ca.crt")!.Data!["ca.crt"]);
    }

    [Fact]
    public async Task ALeavingNamespace_GetsNothingNew()
    {
        var world = TestWorld.Of(ServiceAccountReconciler.Create);
        world.Api.Seed(new Namespace { Metadata = new ObjectMeta { Name = "a", DeletionTimestamp = world.Clock.GetUtcNow() }, Status = new NamespaceStatus { Phase = "Terminating" } });
        await world.SettleAsync();
        Assert.Empty(world.Api.All<ServiceAccount>());
    }

    private void SeedLeaving(string name) => _world.Api.Seed(new Namespace
    {
        // The fake lets go of what has a deletionTimestamp and no finalizer; a real namespace is held by spec.finalizers.
        Metadata = new ObjectMeta { Name = name, DeletionTimestamp = _world.Clock.GetUtcNow(), Finalizers = ["test/keep"] },
        Spec = new NamespaceSpec { Finalizers = ["kubernetes"] },
        Status = new NamespaceStatus { Phase = "Terminating" },
    });

    private static string? Condition(NamespaceStatus status, string type) => status.Conditions!.Single(condition => condition.Type == type).Message;
}
