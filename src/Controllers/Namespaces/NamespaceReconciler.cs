using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.Namespaces;

/// <summary>Empties a namespace that is being deleted, says what is left, and lets it go. Makes system namespaces anew.</summary>
internal sealed class NamespaceReconciler(
    IApiClient client, IInformer<Namespace> namespaces, Func<IReadOnlyList<ResourceType>> types, IReadOnlyList<string> system, TimeProvider clock, ILogger<NamespaceReconciler> logger)
    : IReconciler
{
    /// <summary>When a namespace that still has content is looked at again, should no watch event wake it. 1 s.</summary>
    public static readonly TimeSpan ContentRetry = TimeSpan.FromSeconds(1);

    /// <summary>The same once it has been waiting for a while: something else, such as a finalizer's owner, has to act. 10 s.</summary>
    public static readonly TimeSpan SlowRetry = TimeSpan.FromSeconds(10);

    private static readonly DeleteOptions Background = new() { PropagationPolicy = "Background" };

    /// <summary>Wires the controller to its watches.</summary>
    public static Controller Create(ControllerContext context)
    {
        var queue = new WorkQueue("namespace", context.Clock);
        var namespaces = context.Informers.For<Namespace>();
        var pods = context.Informers.For<Pod>();
        namespaces.AddHandler((before, after) =>
        {
            var shown = (after ?? before)!;
            if (after is null || after.Metadata.DeletionTimestamp is not null)
            {
                queue.Add(ObjectKey.Of(shown), Tracing.ContextOf(shown));
            }
        });
        pods.AddHandler((before, after) =>
        {
            // The pods are what takes time.
            if (after is null && namespaces.Find(null, before!.Metadata.Namespace ?? "") is { Metadata.DeletionTimestamp: not null } leaving)
            {
                queue.Add(ObjectKey.Of(leaving));
            }
        });
        foreach (var name in context.Options.SystemNamespaces)
        {
            queue.Add(new ObjectKey("", name));
        }

        var reconciler = new NamespaceReconciler(
            context.Client, namespaces, context.ResourceTypes, context.Options.SystemNamespaces, context.Clock, context.Loggers.CreateLogger<NamespaceReconciler>());
        return new Controller("namespace", "Namespace", reconciler, queue) { Workers = 10, WhenReady = context.Informers.WhenSyncedAsync };
    }

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (namespaces.Find(key) is not { } value)
        {
            return system.Contains(key.Name) ? await CreateAsync(key.Name, cancellationToken) : ReconcileResult.Done;
        }

        if (value.Metadata.DeletionTimestamp is not { } since)
        {
            return ReconcileResult.Done;
        }

        if (value.Spec.Finalizers?.Contains(NamespacePlanner.Finalizer) != true)
        {
            return ReconcileResult.Done; // This controller has done its part.
        }

        var (remaining, refusals) = await EmptyAsync(key.Name, cancellationToken);
        if (refusals.Count == 0 && remaining.All(each => each.Objects.Count == 0))
        {
            return await FinalizeAsync(value, cancellationToken);
        }

        return await ReportAsync(value, since, remaining, refusals, cancellationToken);
    }

    private async Task<ReconcileResult> CreateAsync(string name, CancellationToken cancellationToken)
    {
        var created = await client.CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = name } }, cancellationToken);
        return created.Succeeded || created.Error.Reason == ApiErrorReason.AlreadyExists ? ReconcileResult.Done : ReconcileResult.Failed(created.Error);
    }

    private async Task<(List<Remaining> Remaining, List<string> Refusals)> EmptyAsync(string ns, CancellationToken cancellationToken)
    {
        List<Remaining> remaining = [];
        List<string> refusals = [];
        foreach (var group in NamespacePlanner.Order(types()))
        {
            foreach (var type in group)
            {
                var listed = await client.ListAsync<PartialObjectMetadata>(type, ns, ListQuery.All, cancellationToken);
                if (listed.Error is { Reason: ApiErrorReason.NotFound })
                {
                    continue; // The type itself is gone.
                }

                if (!listed.Succeeded)
                {
                    refusals.Add(listed.Error.Message);
                    continue;
                }

                if (listed.Value.Items.Count > 0)
                {
                    remaining.Add(new Remaining(type, await DeleteAsync(type, ns, listed.Value.Items, refusals, cancellationToken)));
                }
            }

            if (refusals.Count > 0 || remaining.Any(each => each.Objects.Count > 0))
            {
                break; // The next group waits for this one.
            }
        }

        return (remaining, refusals);
    }

    private async Task<IReadOnlyList<PartialObjectMetadata>> DeleteAsync(
        ResourceType type, string ns, IReadOnlyList<PartialObjectMetadata> objects, List<string> refusals, CancellationToken cancellationToken)
    {
        if (objects.All(each => each.Metadata.DeletionTimestamp is not null))
        {
            return objects; // All told already; asking again would be a write that changes nothing.
        }

        var error = await client.DeleteCollectionAsync(type, ns, ListQuery.All, Background, cancellationToken);
        if (error is { Reason: ApiErrorReason.MethodNotAllowed })
        {
            error = null;
            foreach (var value in objects)
            {
                var refused = await client.DeleteAsync(type, ns, value.Metadata.Name!, Background, cancellationToken);
                error ??= refused is { Reason: not ApiErrorReason.NotFound } ? refused : null;
            }
        }

        if (error is not null)
        {
            refusals.Add(error.Message);
        }

        var again = await client.ListAsync<PartialObjectMetadata>(type, ns, ListQuery.All, cancellationToken);
        return again.Succeeded ? again.Value.Items : objects;
    }

    private async Task<ReconcileResult> FinalizeAsync(Namespace value, CancellationToken cancellationToken)
    {
        var rest = value.Spec.Finalizers!.Where(name => name != NamespacePlanner.Finalizer).ToList();
        var written = await client.UpdateAsync(
            Namespace.ResourceType, value with { Spec = value.Spec with { Finalizers = rest.Count == 0 ? null : rest } }, "finalize", cancellationToken);
        if (!written.Succeeded && written.Error.Reason != ApiErrorReason.NotFound)
        {
            return ReconcileResult.Failed(written.Error);
        }

        logger.NamespaceEmptied(value.Metadata.Name);
        return ReconcileResult.Done;
    }

    private async Task<ReconcileResult> ReportAsync(
        Namespace value, DateTimeOffset since, List<Remaining> remaining, List<string> refusals, CancellationToken cancellationToken)
    {
        var conditions = NamespacePlanner.Conditions(value.Status.Conditions ?? [], remaining, refusals, clock.GetUtcNow());
        var status = value.Status with { Phase = "Terminating", Conditions = conditions };
        if (!Same.Value(status, value.Status))
        {
            var written = await client.UpdateStatusAsync(value with { Status = status }, cancellationToken);
            if (!written.Succeeded && written.Error.Reason != ApiErrorReason.NotFound)
            {
                return ReconcileResult.Failed(written.Error);
            }
        }

        if (refusals.Count > 0)
        {
            return ReconcileResult.Failed(new ApiError(ApiErrorReason.InternalError, $"namespace {value.Metadata.Name} could not be emptied: {string.Join("; ", refusals)}"));
        }

        return ReconcileResult.After(clock.GetUtcNow() - since > TimeSpan.FromMinutes(1) ? SlowRetry : ContentRetry);
    }
}
