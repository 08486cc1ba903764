using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.EventTtl;

/// <summary>Deletes Events that nothing has repeated for a while, so that they never fill the store. Keys are Events.</summary>
/// <remarks>etcd's leases do this upstream; the stores here have none.</remarks>
internal sealed class EventTtlReconciler(IApiClient client, IInformer<Event> events, TimeSpan ttl, TimeProvider clock) : IReconciler
{
    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("event-ttl", context.Clock);
        var events = context.Informers.For<Event>();
        events.AddHandler((before, after) =>
        {
            if (before is null && after is not null)
            {
                // Looked at once its time may have come; a repeat moves it on.
                queue.AddAfter(ObjectKey.Of(after), LastOf(after) + context.Options.EventTtl - context.Clock.GetUtcNow());
            }
        });
        return new Controller("event-ttl", "Event", new EventTtlReconciler(context.Client, events, context.Options.EventTtl, context.Clock), queue)
        {
            Workers = 1,
            WhenReady = context.Informers.WhenSyncedAsync,
        };
    }

    /// <summary>When an Event last happened.</summary>
    public static DateTimeOffset LastOf(Event value) => new[]
    {
        value.Series?.LastObservedTime, value.LastTimestamp, value.EventTime, value.FirstTimestamp, value.Metadata.CreationTimestamp,
    }.Max() ?? DateTimeOffset.MinValue;

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (events.Find(key) is not { } value)
        {
            return ReconcileResult.Done;
        }

        var left = LastOf(value) + ttl - clock.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            return ReconcileResult.After(left < ttl ? left : ttl);
        }

        var options = new DeleteOptions { Preconditions = new Preconditions { Uid = value.Metadata.Uid, ResourceVersion = value.Metadata.ResourceVersion } };
        var error = await client.DeleteAsync<Event>(key.Namespace, key.Name, options, cancellationToken);
        return error is null or { Reason: ApiErrorReason.NotFound } ? ReconcileResult.Done : ReconcileResult.Failed(error);
    }
}
