using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Controllers.DaemonSets;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Controllers.Tests.World;

/// <summary>Controllers over an API in memory, run by hand: caches are refreshed and passes made only when a test says so.</summary>
internal sealed class TestWorld
{
    /// <summary>Passes after which a world that has not settled never will.</summary>
    private const int PassesMax = 3000;

    public TestWorld(ManualClock clock, FakeApiClient api, ControllersOptions? options, params Func<ControllerContext, Controller>[] controllers)
    {
        (Clock, Api) = (clock, api);
        Client = new CrashingClient(api);
        Informers = new ManualInformers(Client);
        var context = new ControllerContext(
            Client, Informers, _ => Events, clock, NullLoggerFactory.Instance, options ?? new ControllersOptions(), ControllerSet.BuiltInResourceTypes);
        Controllers = [.. controllers.Select(make => make(context))];
    }

    public ManualClock Clock { get; }

    public FakeApiClient Api { get; }

    public CrashingClient Client { get; }

    public ManualInformers Informers { get; }

    public RecordedEvents Events { get; } = new();

    public IReadOnlyList<Controller> Controllers { get; }

    public static TestWorld Of(params Func<ControllerContext, Controller>[] controllers)
    {
        var clock = new ManualClock();
        return new TestWorld(clock, new FakeApiClient(clock), null, controllers);
    }

    /// <summary>Makes passes until no key waits; refreshes the caches in between.</summary>
    /// <param name="afterEach">Called after every pass.</param>
    public async Task SettleAsync(Action? afterEach = null)
    {
        for (var passes = 0; passes < PassesMax; passes++)
        {
            await Informers.RefreshAsync();
            if (!await PassAsync())
            {
                return;
            }

            afterEach?.Invoke();
        }

        Assert.Fail($"did not settle in {PassesMax} passes; last writes: {string.Join(", ", Api.Actions.TakeLast(8))}");
    }

    /// <summary>Makes one pass over the next key of any controller, on the caches as they are.</summary>
    public async Task<bool> PassAsync()
    {
        foreach (var controller in Controllers)
        {
            if (controller.Queue.Depth == 0)
            {
                continue;
            }

            var item = await controller.Queue.TakeAsync(default);
            var result = await controller.Reconciler.ReconcileAsync(item!.Value.Key, default);
            if (result.Error is not null)
            {
                controller.Queue.Add(item.Value.Key);
            }
            else if (result.Delay is { } delay)
            {
                controller.Queue.AddAfter(item.Value.Key, delay);
            }

            controller.Queue.Complete(item.Value.Key);
            return true;
        }

        return false;
    }

    /// <summary>Queues every object that the controllers' informers show once more, and demands that no pass writes.</summary>
    public async Task AssertSettledAsync(params (int Controller, ObjectKey Key)[] keys)
    {
        await SettleAsync();
        Api.ClearActions();
        foreach (var (controller, key) in keys)
        {
            Controllers[controller].Queue.Add(key);
        }

        await SettleAsync();
        Assert.Empty(Api.Actions);
    }

    /// <summary>Moves time, then settles.</summary>
    public async Task AdvanceAsync(TimeSpan by)
    {
        Clock.Advance(by);
        await SettleAsync();
    }

    /// <summary>What nodes do: bind, run, make ready, end. One step for every pod.</summary>
    public async Task KubeletAsync(Func<Pod, bool>? isHealthy = null)
    {
        foreach (var pod in Api.All<Pod>())
        {
            if (pod.Metadata.DeletionTimestamp is not null)
            {
                await Api.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name!, new DeleteOptions { GracePeriodSeconds = 0 }, default);
            }
            else if (string.IsNullOrEmpty(pod.Spec.NodeName))
            {
                var binding = new Binding { Metadata = new ObjectMeta { Name = pod.Metadata.Name }, Target = new ObjectReference { Kind = "Node", Name = DaemonPods.NodeOf(pod) ?? "node-1" } };
                await Api.CreateSubresourceAsync<Binding, Status>(Pod.ResourceType, pod.Metadata.Namespace, pod.Metadata.Name!, "binding", binding, default);
            }
            else if (!PodFacts.IsReady(pod) && !PodFacts.IsTerminal(pod) && (isHealthy?.Invoke(pod) ?? true))
            {
                await Api.UpdateStatusAsync(Ready(pod, Clock.GetUtcNow()), default);
            }
        }
    }

    public static Pod Ready(Pod pod, DateTimeOffset now) => pod with
    {
        Status = pod.Status with
        {
            Phase = "Running",
            PodIP = pod.Status.PodIP ?? $"10.244.1.{(uint)pod.Metadata.Name!.GetHashCode(StringComparison.Ordinal) % 250 + 2}",
            Conditions = [new PodCondition { Type = "Ready", Status = "True", LastTransitionTime = now }],
        },
    };
}
