using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission.Quota;

/// <summary>Refuses what would take more than a namespace's quotas leave, and books what it admits.</summary>
/// <remarks>
/// Upstream's plugin ResourceQuota. It is exact: writes that a quota may count hold the gate of their namespace from this check until they are stored
/// (<see cref="NamespaceGates"/>), and whoever writes a quota's status only asks for a recount, which is made here under the same gate.
/// What is booked for a write that fails afterwards is returned by the next recount, as upstream.
/// </remarks>
internal sealed class ResourceQuotaAdmission(IStateEngine engine, Func<string, ResourceKind?> kinds) : IAdmission
{
    /// <inheritdoc/>
    public string Name => "ResourceQuota";

    /// <summary>Whether a write must hold its namespace's gate.</summary>
    public async ValueTask<bool> CountsAsync(ResourceKind kind, string ns, bool create, CancellationToken cancellationToken)
    {
        // An update changes usage only where an object can ask for more later.
        if (!kind.Type.Namespaced || (!create && kind.Type != Service.ResourceType && kind.Type != PersistentVolumeClaim.ResourceType
            && kind.Type != Pod.ResourceType && kind.Type != ResourceQuota.ResourceType))
        {
            return false;
        }

        var quotas = await engine.ListAsync(new StateRange(ResourceQuota.ResourceType.GroupResource, ns), 0, 1, null, cancellationToken);
        return quotas.Entries.Count > 0;
    }

    /// <inheritdoc/>
    public async ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind.Type == ResourceQuota.ResourceType && request is { Info.Subresource: "status", Verb: "update", Value: { } value })
        {
            var quota = request.View<ResourceQuota>();
            var status = await CountAsync(quota, cancellationToken);
            value["status"] = new JsonObject { ["hard"] = Tree(quota.Spec.Hard), ["used"] = Tree(status) };
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<ApiError?> ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Verb is not ("create" or "update") || request.Info.Subresource is not ("" or "resize") || !request.Kind.Type.Namespaced || request.Value is null)
        {
            return null;
        }

        var quotas = await engine.AllAsync<ResourceQuota>(request.Namespace, cancellationToken);
        if (quotas.Count == 0 || (request.Verb == "update" && !await CountsAsync(request.Kind, request.Namespace, create: false, cancellationToken)))
        {
            return null;
        }

        var value = request.Kind.Decode(CanonicalJson.EncodeValue(request.Value));
        var stored = request.Stored is null ? null : request.Kind.Decode(CanonicalJson.EncodeValue(request.Stored));
        var groupResource = request.Kind.Type.GroupResource;
        var bookings = new List<(ResourceQuota Quota, Dictionary<string, Quantity> Used)>();
        foreach (var quota in quotas)
        {
            var (delta, problem) = Delta(quota, groupResource, value, stored);
            if (problem is not null)
            {
                return ApiErrors.Forbidden(request.Kind.Type, request.Name, $"failed quota: {quota.Metadata.Name}: {problem}");
            }

            if (delta.Count == 0)
            {
                continue;
            }

            var used = await UsedAsync(quota, cancellationToken);
            if (Exceeded(quota, delta, used) is { } exceeded)
            {
                return ApiErrors.Forbidden(request.Kind.Type, request.Name, exceeded);
            }

            foreach (var (name, quantity) in delta)
            {
                used[name] = used.TryGetValue(name, out var before) ? before + quantity : quantity;
            }

            bookings.Add((quota, used));
        }

        foreach (var (quota, used) in request.DryRun ? [] : bookings)
        {
            await BookAsync(quota, used, cancellationToken);
        }

        return null;
    }

    // What the write takes more than before, of what the quota bounds; or what it fails to say.
    private static (Dictionary<string, Quantity> Delta, string? Problem) Delta(ResourceQuota quota, string groupResource, IKubernetesObject value, IKubernetesObject? stored)
    {
        var bounded = (quota.Spec.Hard ?? new Dictionary<string, Quantity>()).Keys.Where(name => QuotaUsage.Concerns(name, groupResource)).ToList();
        if (bounded.Count == 0 || !QuotaScopes.Match(quota, value))
        {
            return ([], null);
        }

        if (stored is null && value is Pod pod && Unsaid(pod, bounded) is { Length: > 0 } unsaid)
        {
            return ([], $"must specify {unsaid}");
        }

        var usage = QuotaUsage.Of(groupResource, value);
        var before = stored is not null && QuotaScopes.Match(quota, stored) ? QuotaUsage.Of(groupResource, stored) : [];
        var delta = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var name in bounded)
        {
            var more = usage.GetValueOrDefault(name, Quantity.Zero) - before.GetValueOrDefault(name, Quantity.Zero);
            if (more.Sign > 0)
            {
                delta[name] = more;
            }
        }

        return (delta, null);
    }

    // A pod under a quota of cpu or memory must say, for every container, what it takes.
    private static string Unsaid(Pod pod, IEnumerable<string> bounded)
    {
        var missing = new List<string>();
        foreach (var name in bounded.Order(StringComparer.Ordinal))
        {
            var limit = name.StartsWith("limits.", StringComparison.Ordinal);
            var resource = limit ? name["limits.".Length..] : name.StartsWith("requests.", StringComparison.Ordinal) ? name["requests.".Length..] : name;
            if (resource is not ("cpu" or "memory"))
            {
                continue;
            }

            if (pod.Spec.Resources is { } whole && (limit ? whole.Limits : whole.Requests)?.ContainsKey(resource) == true)
            {
                continue;
            }

            var silent = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? [])
                .Where(container => (limit ? container.Resources?.Limits : container.Resources?.Requests)?.ContainsKey(resource) != true)
                .Select(container => container.Name).ToList();
            if (silent.Count > 0)
            {
                missing.Add($"{name} for: {string.Join(",", silent)}");
            }
        }

        return string.Join("; ", missing);
    }

    private static string? Exceeded(ResourceQuota quota, Dictionary<string, Quantity> delta, Dictionary<string, Quantity> used)
    {
        var over = delta.Keys.Where(name => used.GetValueOrDefault(name, Quantity.Zero) + delta[name] > quota.Spec.Hard![name]).Order(StringComparer.Ordinal).ToList();
        return over.Count == 0 ? null
            : $"exceeded quota: {quota.Metadata.Name}, requested: {Show(name => delta[name])}, used: {Show(name => used.GetValueOrDefault(name, Quantity.Zero))}, limited: {Show(name => quota.Spec.Hard![name])}";

        string Show(Func<string, Quantity> amount) => string.Join(",", over.Select(name => $"{name}={amount(name).Canonical()}"));
    }

    // The booked usage; counted now where the status is not there yet or is of another spec.
    private async ValueTask<Dictionary<string, Quantity>> UsedAsync(ResourceQuota quota, CancellationToken cancellationToken)
    {
        var (hard, booked) = (quota.Spec.Hard ?? new Dictionary<string, Quantity>(), quota.Status.Used);
        return booked is not null && hard.Keys.All(booked.ContainsKey)
            ? new Dictionary<string, Quantity>(booked, StringComparer.Ordinal) : await CountAsync(quota, cancellationToken);
    }

    private async ValueTask<Dictionary<string, Quantity>> CountAsync(ResourceQuota quota, CancellationToken cancellationToken)
    {
        var used = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var name in (quota.Spec.Hard ?? new Dictionary<string, Quantity>()).Keys)
        {
            used[name] = Quantity.Zero;
        }

        foreach (var collection in used.Keys.Select(QuotaUsage.CollectionOf).OfType<string>().Distinct().ToList())
        {
            if (kinds(collection) is not { } kind)
            {
                continue; // count/ of a kind that is not served: nothing can be counted.
            }

            var page = await engine.ListAsync(new StateRange(collection, quota.Metadata.Namespace ?? ""), 0, 0, null, cancellationToken);
            foreach (var value in page.Entries.Select(entry => entry.View(kind)).Where(value => QuotaScopes.Match(quota, value)))
            {
                foreach (var (name, quantity) in QuotaUsage.Of(collection, value).Where(pair => used.ContainsKey(pair.Key)))
                {
                    used[name] += quantity;
                }
            }
        }

        return used;
    }

    // The gate is held, so the only other writer of the quota is one of its spec or metadata: read it again then.
    private async ValueTask BookAsync(ResourceQuota quota, Dictionary<string, Quantity> used, CancellationToken cancellationToken)
    {
        var key = Objects.KeyOf(ResourceQuota.ResourceType, quota.Metadata.Namespace ?? "", quota.Metadata.Name ?? "");
        for (var attempt = 0; attempt < ApiLimits.WriteAttempts; attempt++)
        {
            if (await engine.GetAsync(key, cancellationToken) is not { } entry)
            {
                return;
            }

            var tree = entry.Tree();
            tree.Meta().Remove("resourceVersion");
            tree["status"] = new JsonObject { ["hard"] = tree["spec"]?["hard"]?.DeepClone() ?? new JsonObject(), ["used"] = Tree(used) };
            var (json, revisionAt) = CanonicalJson.Encode(tree);
            if ((await engine.UpdateAsync(key, new StateValue(json, revisionAt), entry.Revision, cancellationToken)).Outcome != StateOutcome.Conflict)
            {
                return;
            }
        }
    }

    private static JsonObject Tree(IReadOnlyDictionary<string, Quantity>? amounts)
    {
        var tree = new JsonObject();
        foreach (var (name, quantity) in (amounts ?? new Dictionary<string, Quantity>()).OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            tree[name] = quantity.Canonical();
        }

        return tree;
    }
}
