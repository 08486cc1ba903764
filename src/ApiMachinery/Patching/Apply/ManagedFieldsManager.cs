using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Patching.Apply;

/// <summary>Server-side apply: merges what a manager applies, and keeps the account of who owns which field.</summary>
/// <remarks>
/// The rules of k8s.io/apimachinery pkg/util/managedfields: a field applied with another value than a different manager's is a conflict;
/// a field that an applier no longer names goes, unless another manager owns it; whoever changes a field by update takes it over.
/// </remarks>
public static class ManagedFieldsManager
{
    private const string BeforeFirstApply = "before-first-apply";
    private const string Kubectl = "kubectl";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>Bytes of the last-applied annotation. 256 KiB, all that annotations may hold.</summary>
    private const int MaximumLastApplied = 256 << 10;

    // What the server alone writes, or what identifies the object, nobody owns.
    private static readonly FieldSet s_unowned = FieldSet.Of(
        "apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace", "metadata.creationTimestamp", "metadata.selfLink", "metadata.uid",
        "metadata.generation", "metadata.managedFields", "metadata.resourceVersion");

    /// <summary>Applies an object.</summary>
    /// <param name="live">The stored object; null where it is to be created.</param>
    /// <param name="applied">What the manager wants, and nothing else.</param>
    /// <param name="schema">The kind's schema.</param>
    /// <param name="request">Who applies, and how.</param>
    /// <returns>The merged object with its managedFields: a new tree. Conflict where another manager owns a changed field.</returns>
    public static ApiResult<JsonObject> Apply(JsonObject? live, JsonObject applied, Schema schema, ApplyRequest request)
    {
        if (applied.At("metadata", "managedFields") is not null)
        {
            return ApiErrors.BadRequest("metadata.managedFields must be nil");
        }

        try
        {
            return ApplyChecked(live, applied, schema, request);
        }
        catch (DuplicateItemException e)
        {
            var name = applied.At("metadata", "name").AsString();
            var ns = applied.At("metadata", "namespace").AsString();
            return ApiErrors.BadRequest(
                $"failed to create typed patch object ({(ns is null ? name : $"{ns}/{name}")}; {request.ApiVersion}, Kind={applied["kind"].AsString()}): {e.Message}");
        }
    }

    /// <summary>Notes what an update, a create or a patch changed, in the updated object's managedFields.</summary>
    /// <param name="live">The stored object before; null on create.</param>
    /// <param name="updated">The object to be stored; changed in place.</param>
    /// <param name="schema">The kind's schema.</param>
    /// <param name="request">Who wrote.</param>
    public static void TrackUpdate(JsonObject? live, JsonObject updated, Schema schema, UpdateRequest request)
    {
        var entries = EntriesForUpdate(live, updated, request);
        if (live is not null && entries.Count == 0)
        {
            // An object that nobody tracks stays so until someone applies.
            (updated["metadata"] as JsonObject)?.Remove("managedFields");
            return;
        }

        var id = new ManagerId(request.Manager, request.Operation, request.ApiVersion, request.Subresource);
        var changes = Owned(TypedTree.Compare(live, updated, schema), request.Ignored);
        var mine = changes.Added.Union(changes.Modified);
        var at = entries.FindIndex(entry => entry.Id.Same(id));
        for (var i = 0; i < entries.Count; i++)
        {
            var rest = entries[i].Fields.Difference(changes.Removed, recursive: true);
            entries[i] = entries[i] with { Fields = i == at ? rest : rest.Difference(mine) };
        }

        if (!mine.IsEmpty)
        {
            ManagedEntries.Merge(entries, new ManagedEntry(id, mine, ManagedEntries.Time(request.Now)));
        }

        ManagedEntries.Write(updated, entries);
    }

    private static ApiResult<JsonObject> ApplyChecked(JsonObject? live, JsonObject applied, Schema schema, ApplyRequest request)
    {
        var current = live ?? [];
        var entries = ManagedEntries.Read(live) ?? [];
        if (entries.Count == 0 && live is not null)
        {
            var all = Owned(TypedTree.Compare(null, current, schema), request.Ignored).Added;
            entries.Add(new ManagedEntry(new ManagerId(BeforeFirstApply, ManagedEntries.Update, request.ApiVersion, ""), all, ManagedEntries.Time(request.Now)));
        }

        var id = new ManagerId(request.Manager, ManagedEntries.Apply, request.ApiVersion, request.Subresource);
        var at = entries.FindIndex(entry => entry.Id.Same(id));
        var last = at < 0 ? null : entries[at];
        var set = Owned(TypedTree.PathsOf(applied, schema), request.Ignored);
        var merged = (JsonObject)TypedTree.Merge(current, applied, schema)!;

        var next = entries.Where((_, i) => i != at).ToList();
        var result = last is null ? merged : Pruned(merged, last.Fields, set, next, schema);
        var changes = Owned(TypedTree.Compare(current, result, schema), request.Ignored);
        var changed = changes.Modified.Union(changes.Added);
        var conflicts = next.Select(entry => (entry.Id, Fields: entry.Fields.Intersection(changed))).Where(conflict => !conflict.Fields.IsEmpty).ToList();
        if (conflicts.Count > 0 && !request.Force && !IsUpgrade(live, conflicts, schema, request))
        {
            return ConflictError(conflicts);
        }

        for (var i = 0; i < next.Count; i++)
        {
            next[i] = next[i] with { Fields = next[i].Fields.Difference(changed).Difference(changes.Removed, recursive: true) };
        }

        var isSame = last is not null && last.Fields.Equals(set) && last.Id == id && changed.IsEmpty && changes.Removed.IsEmpty;
        next.Add(new ManagedEntry(id, set, isSame ? last!.Time : ManagedEntries.Time(request.Now)));
        NoteLastApplied(live, applied, result, request);
        ManagedEntries.Write(result, next);
        return result;
    }

    // Takes away what the manager applied last time and does not now, where nobody else owns it.
    private static JsonObject Pruned(JsonObject merged, FieldSet last, FieldSet now, List<ManagedEntry> others, Schema schema)
    {
        if (last.IsEmpty)
        {
            return merged;
        }

        var named = last.WithNamedFields(schema);
        var pruned = TypedTree.Remove(merged, named, schema);
        var all = Paths(merged, schema);

        // What anyone owns, this applier's new fields included, comes back; and what nobody can own is not the applier's to take away.
        var owned = others.Aggregate(now.Union(s_unowned), (sum, entry) => sum.Union(entry.Fields)).WithNamedFields(schema);
        pruned = TypedTree.Remove(merged, all.Difference(Paths(pruned, schema).Union(owned)), schema);

        // And so does what the applier never owned, unless it lies in something that goes.
        pruned = TypedTree.Remove(merged, all.Difference(Paths(pruned, schema)).Intersection(named), schema);
        return pruned as JsonObject ?? [];
    }

    private static FieldSet Paths(JsonNode? value, Schema schema) =>
        value is JsonObject map ? TypedTree.PathsOf(map, schema, allowDuplicates: true).WithNamedFields(schema) : new FieldSet();

    // The one who applies with kubectl may take the fields that the same user applied from the client before: the annotation proves it.
    private static bool IsUpgrade(JsonObject? live, List<(ManagerId Id, FieldSet Fields)> conflicts, Schema schema, ApplyRequest request)
    {
        if (request.Manager != Kubectl || live.At("metadata", "annotations", LastApplied).AsString() is not { } annotation)
        {
            return false;
        }

        try
        {
            if (JsonTree.Parse(Encoding.UTF8.GetBytes(annotation), null) is not JsonObject lastApplied)
            {
                return false;
            }

            var changes = TypedTree.Compare(lastApplied, live, schema);
            var allowed = TypedTree.PathsOf(lastApplied, schema).Difference(changes.Modified).Difference(changes.Added).Difference(changes.Removed);
            return conflicts.All(conflict => conflict.Fields.Difference(allowed).IsEmpty);
        }
        catch (Exception e) when (e is JsonException or DuplicateItemException)
        {
            return false;
        }
    }

    // Keeps the annotation true for clients that still apply from their side.
    private static void NoteLastApplied(JsonObject? live, JsonObject applied, JsonObject result, ApplyRequest request)
    {
        if (request.Manager != Kubectl || live.At("metadata", "annotations", LastApplied) is null || result.At("metadata", "annotations") is not JsonObject annotations)
        {
            return;
        }

        var copy = (JsonObject)applied.DeepClone();
        (copy.At("metadata", "annotations") as JsonObject)?.Remove(LastApplied);
        var text = Encoding.UTF8.GetString(CanonicalJson.EncodeValue(copy)) + "\n";
        if (text.Length <= MaximumLastApplied)
        {
            annotations[LastApplied] = text;
        }
    }

    private static List<ManagedEntry> EntriesForUpdate(JsonObject? live, JsonObject updated, UpdateRequest request)
    {
        // A subresource cannot rewrite the account; a client that does not know the field must not erase it.
        if (request.Subresource.Length == 0)
        {
            if (ManagedEntries.IsReset(updated))
            {
                return [];
            }

            if (ManagedEntries.Read(updated) is { Count: > 0 } given)
            {
                return given;
            }
        }

        return ManagedEntries.Read(live) ?? [];
    }

    private static FieldSet Owned(FieldSet set, FieldSet? ignored)
    {
        var kept = set.Difference(s_unowned);
        return ignored is null ? kept : kept.Difference(ignored, recursive: true);
    }

    private static Comparison Owned(Comparison changes, FieldSet? ignored) =>
        new(Owned(changes.Added, ignored), Owned(changes.Modified, ignored), Owned(changes.Removed, ignored));

    private static ApiError ConflictError(List<(ManagerId Id, FieldSet Fields)> conflicts)
    {
        var causes = conflicts.OrderBy(conflict => conflict.Id.ToString(), StringComparer.Ordinal)
            .SelectMany(conflict => conflict.Fields.Paths.Select(path => new ErrorCause("FieldManagerConflict", $"conflict with {conflict.Id}", path))).ToArray();
        var message = causes.Length == 1
            ? $"Apply failed with 1 conflict: {causes[0].Message}: {causes[0].Field}"
            : $"Apply failed with {causes.Length} conflicts: " + string.Join('\n', causes.GroupBy(cause => cause.Message).Select(group =>
                $"{group.Key.Replace("conflict with", "conflicts with", StringComparison.Ordinal)}:\n" + string.Join('\n', group.Select(cause => $"- {cause.Field}"))));
        return new ApiError(ApiErrorReason.Conflict, message) { Causes = causes };
    }
}
