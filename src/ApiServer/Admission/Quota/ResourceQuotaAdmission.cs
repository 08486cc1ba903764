using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission.Quota;

/// <summary>Refuses what would take more than a namespace's quotas leave, and books what it admits.</summary>
/// <remarks>
/// Upstream's plugin ResourceQuota. It is exact, however many API servers admit at once: what is admitted is booked in <c>status.used</c> by compare-and-swap, and what is booked but not
/// yet stored stands beside it (<see cref="QuotaCharges"/>), so that a recount loses nothing. Within one server, writes that a quota may count hold the gate of their namespace
/// (<see cref="NamespaceGates"/>) until they are stored, which spares them lost races. Whoever writes a quota's status only asks for a recount, which is made here.
/// What is booked for a write that is refused afterwards goes back at once; of a server that dies, with a recount of the controller (every five minutes) once the store's history of the charge is gone.
/// </remarks>
internal sealed class ResourceQuotaAdmission(IStateEngine engine, Func<string, ResourceKind?> kinds, string server) : IAdmission
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
        if (request.Kind.Type != ResourceQuota.ResourceType || request.Value is not { } value)
        {
            return null;
        }

        QuotaCharges.Keep(value, request.Stored);
        if (request is { Info.Subresource: "status", Verb: "update" })
        {
            var quota = request.View<ResourceQuota>();
            var (used, charges) = await CountAsync(quota, QuotaCharges.Read(request.Stored), cancellationToken);
            Book(value, quota.Spec.Hard, used, charges);
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
        foreach (var quota in quotas)
        {
            // All are asked before any is charged.
            var (delta, problem) = Delta(quota, groupResource, value, stored);
            problem = problem is not null ? $"failed quota: {quota.Metadata.Name}: {problem}"
                : delta.Count > 0 ? Exceeded(quota, delta, (await UsedAsync(quota, [], cancellationToken)).Used) : null;
            if (problem is not null)
            {
                return ApiErrors.Forbidden(request.Kind.Type, request.Name, problem);
            }
        }

        foreach (var quota in request.DryRun ? [] : quotas)
        {
            if (await ChargeAsync(request, quota, at => Delta(at, groupResource, value, stored), cancellationToken) is { } refusal)
            {
                return refusal; // Those charged before it get it back: the write is not stored.
            }
        }

        return null;
    }

    private async ValueTask<ApiError?> ChargeAsync(
        AdmissionRequest request, ResourceQuota listed, Func<ResourceQuota, (Dictionary<string, Quantity> Delta, string? Problem)> deltaOf, CancellationToken cancellationToken)
    {
        var key = Objects.KeyOf(ResourceQuota.ResourceType, request.Namespace, listed.Metadata.Name ?? "");
        var written = Objects.KeyOf(request.Kind.Type, request.Namespace, request.Name);
        for (var attempt = 0; attempt < ApiLimits.WriteAttempts; attempt++)
        {
            if (await engine.GetAsync(key, cancellationToken) is not { } entry)
            {
                return null;
            }

            var quota = entry.As<ResourceQuota>();
            var (delta, problem) = deltaOf(quota);
            if (problem is null && delta.Count == 0)
            {
                return null;
            }

            var tree = entry.Tree();
            var (used, charges) = await UsedAsync(quota, QuotaCharges.Read(tree), cancellationToken);
            problem = problem is not null ? $"failed quota: {quota.Metadata.Name}: {problem}" : Exceeded(quota, delta, used);
            if (problem is not null)
            {
                return ApiErrors.Forbidden(request.Kind.Type, request.Name, problem);
            }

            foreach (var (name, quantity) in delta)
            {
                used[name] = used.TryGetValue(name, out var before) ? before + quantity : quantity;
            }

            var since = Math.Max(entry.Revision, (await engine.GetAsync(written, cancellationToken))?.Revision ?? 0);
            var charge = new QuotaCharge(Guid.NewGuid().ToString("N"), written, request.Value!.Meta().Text("uid"), since, delta);
            charges[server] = charge;
            Book(tree, quota.Spec.Hard, used, charges);
            switch ((await UpdateAsync(key, tree, entry.Revision, cancellationToken)).Outcome)
            {
                case StateOutcome.Committed:
                    request.Hold?.IfNot(() => ReturnAsync(key, charge));
                    return null;
                case StateOutcome.NoSpace:
                    return WritePath.NoSpace();
            }
        }

        return ApiErrors.Conflict(ResourceQuota.ResourceType, key.Name);
    }

    // Takes a charge back whose write was not stored, unless a recount has dropped it already.
    private async Task ReturnAsync(StateKey key, QuotaCharge charge)
    {
        try
        {
            for (var attempt = 0; attempt < ApiLimits.WriteAttempts; attempt++)
            {
                if (await engine.GetAsync(key, CancellationToken.None) is not { } entry)
                {
                    return;
                }

                var tree = entry.Tree();
                var charges = QuotaCharges.Read(tree);
                if (!charges.Remove(server, out var booked) || booked.Id != charge.Id)
                {
                    return;
                }

                var quota = entry.As<ResourceQuota>();
                var used = new Dictionary<string, Quantity>(quota.Status.Used ?? new Dictionary<string, Quantity>(), StringComparer.Ordinal);
                foreach (var (name, amount) in charge.Amounts.Where(amount => used.ContainsKey(amount.Key)))
                {
                    used[name] -= amount;
                }

                Book(tree, quota.Spec.Hard, used, charges);
                if ((await UpdateAsync(key, tree, entry.Revision, CancellationToken.None)).Outcome != StateOutcome.Conflict)
                {
                    return;
                }
            }
        }
        catch (StateStoreException)
        {
            // The store cannot be reached: a recount returns it.
        }
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
    private async ValueTask<(Dictionary<string, Quantity> Used, Dictionary<string, QuotaCharge> Charges)> UsedAsync(
        ResourceQuota quota, Dictionary<string, QuotaCharge> charges, CancellationToken cancellationToken)
    {
        var (hard, booked) = (quota.Spec.Hard ?? new Dictionary<string, Quantity>(), quota.Status.Used);
        return booked is not null && hard.Keys.All(booked.ContainsKey) && charges.Count < QuotaCharges.Servers
            ? (new Dictionary<string, Quantity>(booked, StringComparer.Ordinal), charges) : await CountAsync(quota, charges, cancellationToken);
    }

    // What is stored, and what is charged for writes that are not stored yet; and those charges.
    private async ValueTask<(Dictionary<string, Quantity> Used, Dictionary<string, QuotaCharge> Charges)> CountAsync(
        ResourceQuota quota, Dictionary<string, QuotaCharge> charges, CancellationToken cancellationToken)
    {
        var used = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var name in (quota.Spec.Hard ?? new Dictionary<string, Quantity>()).Keys)
        {
            used[name] = Quantity.Zero;
        }

        var underWay = new Dictionary<string, QuotaCharge>(StringComparer.Ordinal);
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

            // This server's own is done: its gate is held here.
            foreach (var (owner, charge) in charges.Where(each => each.Key != server && each.Value.Object.Collection == collection))
            {
                if (!await charge.IsDoneAsync(engine, page.Revision, cancellationToken))
                {
                    underWay[owner] = charge;
                }
            }
        }

        foreach (var (name, amount) in underWay.Values.SelectMany(charge => charge.Amounts).Where(amount => used.ContainsKey(amount.Key)))
        {
            used[name] += amount;
        }

        return (used, underWay);
    }

    private static void Book(JsonObject quota, IReadOnlyDictionary<string, Quantity>? hard, IReadOnlyDictionary<string, Quantity> used, IReadOnlyDictionary<string, QuotaCharge> charges)
    {
        quota["status"] = new JsonObject { ["hard"] = Tree(hard), ["used"] = Tree(used) };
        QuotaCharges.Write(quota, charges);
    }

    private ValueTask<StateWrite> UpdateAsync(StateKey key, JsonObject tree, long revision, CancellationToken cancellationToken)
    {
        tree.Meta().Remove("resourceVersion");
        var (json, revisionAt) = CanonicalJson.Encode(tree);
        return engine.UpdateAsync(key, new StateValue(json, revisionAt), revision, cancellationToken);
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
