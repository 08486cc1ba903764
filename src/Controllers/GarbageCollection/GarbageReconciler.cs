using System.Text;
using System.Text.Json;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.ControllerRuntime.Queue;
using KubeAspire.ControllerRuntime.Reconciling;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.GarbageCollection;

/// <summary>
/// Deletes what no living owner holds. Keys are uids. The graph says where to look; what is written rests on live reads, and names
/// the uid and the resourceVersion it rests on.
/// </summary>
internal sealed class GarbageReconciler(
    IApiClient client, OwnerGraph graph, CollectedTypes types, IWorkQueue queue, ILogger<GarbageReconciler> logger) : IReconciler
{
    /// <summary>The key that stands for no object: the types that are served are to be looked at.</summary>
    public static readonly ObjectKey TypesKey = new("", "types");

    /// <summary>When an owner of a kind that is not served is asked about again. 30 s, upstream's resync of discovery.</summary>
    public static readonly TimeSpan UnknownRetry = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (key == TypesKey)
        {
            types.Refresh();
            return ReconcileResult.Done;
        }

        if (graph.Find(key.Name) is not { } node)
        {
            return ReconcileResult.Done;
        }

        if (node.Identity.Type.Plural.Length == 0)
        {
            return ReconcileResult.Done; // A virtual owner of a kind that is not served: its dependents are kept.
        }

        if (node.Deleting && !node.Foreground && !node.Orphaning)
        {
            return ReconcileResult.Done; // On its way.
        }

        var read = await client.GetAsync<PartialObjectMetadata>(node.Identity.Type, node.Identity.Key.Namespace, node.Identity.Key.Name, cancellationToken);
        if (read.Error is { Reason: not ApiErrorReason.NotFound } refusal)
        {
            return ReconcileResult.Failed(refusal);
        }

        if (!read.Succeeded || read.Value.Metadata.Uid != node.Identity.Uid)
        {
            Enqueue(graph.Remove(node.Identity.Uid)); // Not there, or a namesake is: its dependents are to be looked at.
            return ReconcileResult.Done;
        }

        if (node.Virtual)
        {
            return ReconcileResult.Done; // It exists; its own watch will show it.
        }

        var latest = read.Value.Metadata;
        if (node.Orphaning && latest.Finalizers?.Contains(OwnerGraph.OrphanFinalizer) == true)
        {
            return await OrphanAsync(node, latest, cancellationToken);
        }

        if (node.Foreground && latest.Finalizers?.Contains(OwnerGraph.ForegroundFinalizer) == true)
        {
            return await FinishForegroundAsync(node, latest, cancellationToken);
        }

        return latest.DeletionTimestamp is null ? await JudgeAsync(node, latest, cancellationToken) : ReconcileResult.Done;
    }

    /// <summary>Queues who a change of the graph touches.</summary>
    public void Enqueue(GraphEffects effects)
    {
        foreach (var uid in effects.Uids)
        {
            queue.Add(new ObjectKey("", uid));
        }
    }

    private async Task<ReconcileResult> JudgeAsync(GraphNode node, ObjectMeta latest, CancellationToken cancellationToken)
    {
        var owners = latest.OwnerReferences ?? [];
        var states = new List<OwnerState>(owners.Count);
        foreach (var owner in owners)
        {
            var (state, error) = await StateOfAsync(node.Identity, owner, cancellationToken);
            if (error is not null)
            {
                return ReconcileResult.Failed(error);
            }

            states.Add(state);
        }

        switch (GarbagePlanner.Decide(states, node.Dependents.Count > 0))
        {
            case GarbageAction.DropReferences:
                var dropped = owners.Where((_, i) => states[i] != OwnerState.Solid).Select(owner => owner.Uid);
                return Finish(await PatchReferencesAsync(node.Identity, latest.ResourceVersion, [.. dropped], unblock: false, cancellationToken));
            case GarbageAction.DeleteForeground:
                if (await UnblockCyclesAsync(node, latest, cancellationToken) is { } refused)
                {
                    return ReconcileResult.Failed(refused);
                }

                return Finish(await DeleteAsync(node.Identity, latest, "Foreground", cancellationToken));
            case GarbageAction.Delete:
                return Finish(await DeleteAsync(node.Identity, latest, GarbagePlanner.PolicyOf(latest), cancellationToken));
            default:
                return states.Contains(OwnerState.Unknown) ? ReconcileResult.After(UnknownRetry) : ReconcileResult.Done;
        }
    }

    // The graph is believed when it shows the owner where the reference says it is; its absence never is.
    private async Task<(OwnerState State, ApiError? Error)> StateOfAsync(GraphIdentity child, OwnerReference owner, CancellationToken cancellationToken)
    {
        if (types.Find(owner.ApiVersion, owner.Kind) is not { } type || (type.Namespaced && !child.Type.Namespaced))
        {
            logger.OwnerUnknown(child.ToString(), owner.ApiVersion, owner.Kind, owner.Name);
            return (OwnerState.Unknown, null);
        }

        var key = new ObjectKey(type.Namespaced ? child.Key.Namespace : "", owner.Name);
        if (graph.Find(owner.Uid) is { Virtual: false } known && known.Identity.Key == key && known.Identity.Type.Kind == type.Kind && known.Identity.Type.Group == type.Group)
        {
            return (known.Foreground ? OwnerState.Waiting : OwnerState.Solid, null);
        }

        var read = await client.GetAsync<PartialObjectMetadata>(type, key.Namespace, key.Name, cancellationToken);
        if (read.Error is { Reason: not ApiErrorReason.NotFound } refusal)
        {
            return (OwnerState.Unknown, refusal);
        }

        if (!read.Succeeded || read.Value.Metadata.Uid != owner.Uid)
        {
            return (OwnerState.Absent, null);
        }

        var waiting = read.Value.Metadata.DeletionTimestamp is not null && read.Value.Metadata.Finalizers?.Contains(OwnerGraph.ForegroundFinalizer) == true;
        return (waiting ? OwnerState.Waiting : OwnerState.Solid, null);
    }

    // Two objects that own and wait for each other would wait for ever.
    private async Task<ApiError?> UnblockCyclesAsync(GraphNode node, ObjectMeta latest, CancellationToken cancellationToken)
    {
        if (!node.Dependents.Select(graph.Find).Any(dependent => dependent is { Foreground: true }))
        {
            return null;
        }

        var blocking = (latest.OwnerReferences ?? []).Where(owner => owner.BlockOwnerDeletion == true).Select(owner => owner.Uid).ToList();
        return blocking.Count == 0 ? null : await PatchReferencesAsync(node.Identity, null, blocking, unblock: true, cancellationToken);
    }

    private async Task<ReconcileResult> FinishForegroundAsync(GraphNode node, ObjectMeta latest, CancellationToken cancellationToken)
    {
        var dependents = node.Dependents.Select(graph.Find).OfType<GraphNode>().ToList();
        var blocking = dependents.Where(each => each.Owners.Any(owner => owner.Uid == node.Identity.Uid && owner.BlockOwnerDeletion == true)).ToList();
        if (blocking.Count == 0)
        {
            return Finish(await RemoveFinalizerAsync(node.Identity, latest, OwnerGraph.ForegroundFinalizer, cancellationToken));
        }

        foreach (var dependent in blocking.Where(each => !each.Deleting))
        {
            queue.Add(new ObjectKey("", dependent.Identity.Uid));
        }

        return ReconcileResult.Done; // Woken when one of them goes.
    }

    private async Task<ReconcileResult> OrphanAsync(GraphNode node, ObjectMeta latest, CancellationToken cancellationToken)
    {
        foreach (var dependent in node.Dependents.Select(graph.Find).OfType<GraphNode>())
        {
            var refused = await PatchReferencesAsync(dependent.Identity, null, [node.Identity.Uid], unblock: false, cancellationToken);
            if (refused is { Reason: not (ApiErrorReason.NotFound or ApiErrorReason.Conflict or ApiErrorReason.Invalid) })
            {
                return ReconcileResult.Failed(refused);
            }
        }

        logger.Orphaned(node.Identity.ToString(), node.Dependents.Count);
        return Finish(await RemoveFinalizerAsync(node.Identity, latest, OwnerGraph.OrphanFinalizer, cancellationToken));
    }

    private async Task<ApiError?> DeleteAsync(GraphIdentity identity, ObjectMeta latest, string policy, CancellationToken cancellationToken)
    {
        var options = new DeleteOptions
        {
            PropagationPolicy = policy,
            Preconditions = new Preconditions { Uid = identity.Uid, ResourceVersion = latest.ResourceVersion },
        };
        var error = await client.DeleteAsync(identity.Type, identity.Key.Namespace, identity.Key.Name, options, cancellationToken);
        if (error is null)
        {
            logger.Collected(identity.ToString(), policy);
        }

        return error;
    }

    private async Task<ApiError?> RemoveFinalizerAsync(GraphIdentity identity, ObjectMeta latest, string finalizer, CancellationToken cancellationToken)
    {
        var rest = (latest.Finalizers ?? []).Where(name => name != finalizer);
        var body = $"{{\"metadata\":{{\"uid\":{Text(identity.Uid)},\"resourceVersion\":{Text(latest.ResourceVersion)},\"finalizers\":[{string.Join(',', rest.Select(Text))}]}}}}";
        return (await client.PatchAsync<PartialObjectMetadata>(identity.Type, identity.Key.Namespace, identity.Key.Name, OwnerPatches.Merge(body), null, cancellationToken)).Error;
    }

    private async Task<ApiError?> PatchReferencesAsync(GraphIdentity identity, string? resourceVersion, IReadOnlyList<string> owners, bool unblock, CancellationToken cancellationToken)
    {
        var patch = new ApiPatch(PatchKind.StrategicMerge, ReferencesPatch(identity.Uid, resourceVersion, owners, unblock));
        var error = (await client.PatchAsync<PartialObjectMetadata>(identity.Type, identity.Key.Namespace, identity.Key.Name, patch, null, cancellationToken)).Error;
        if (error is not { Reason: ApiErrorReason.UnsupportedMediaType })
        {
            return error;
        }

        // A custom resource: its references are written whole, as of the state that was read.
        var read = await client.GetAsync<PartialObjectMetadata>(identity.Type, identity.Key.Namespace, identity.Key.Name, cancellationToken);
        if (!read.Succeeded || read.Value.Metadata.Uid != identity.Uid)
        {
            return read.Error;
        }

        var references = (read.Value.Metadata.OwnerReferences ?? []).Where(owner => unblock || !owners.Contains(owner.Uid))
            .Select(owner => unblock && owners.Contains(owner.Uid) ? owner with { BlockOwnerDeletion = false } : owner).ToList();
        var list = references.Count == 0 ? "null" : $"[{string.Join(',', references.Select(owner => Encoding.UTF8.GetString(KubernetesJson.Write(owner))))}]";
        var body = $"{{\"metadata\":{{\"uid\":{Text(identity.Uid)},\"resourceVersion\":{Text(resourceVersion ?? read.Value.Metadata.ResourceVersion)},\"ownerReferences\":{list}}}}}";
        return (await client.PatchAsync<PartialObjectMetadata>(identity.Type, identity.Key.Namespace, identity.Key.Name, OwnerPatches.Merge(body), null, cancellationToken)).Error;
    }

    private static byte[] ReferencesPatch(string uid, string? resourceVersion, IEnumerable<string> owners, bool unblock)
    {
        var references = owners.Select(owner => unblock ? $"{{\"uid\":{Text(owner)},\"blockOwnerDeletion\":false}}" : $"{{\"$patch\":\"delete\",\"uid\":{Text(owner)}}}");
        var version = resourceVersion is null ? "" : $"\"resourceVersion\":{Text(resourceVersion)},";
        return Encoding.UTF8.GetBytes($"{{\"metadata\":{{\"uid\":{Text(uid)},{version}\"ownerReferences\":[{string.Join(',', references)}]}}}}");
    }

    private static string Text(string? value) => $"\"{JsonEncodedText.Encode(value ?? "")}\"";

    private static ReconcileResult Finish(ApiError? error) =>
        error is null or { Reason: ApiErrorReason.NotFound } ? ReconcileResult.Done : ReconcileResult.Failed(error);
}
