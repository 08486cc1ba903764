using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Serialization;

namespace KubeAspire.ApiMachinery.Patching.Apply;

/// <summary>One manager's share of an object, without the fields themselves: what tells entries of managedFields apart.</summary>
/// <param name="Manager">The field manager.</param>
/// <param name="Operation"><c>Apply</c> or <c>Update</c>.</param>
/// <param name="ApiVersion">The version written; for an applier its latest, which does not tell entries apart.</param>
/// <param name="Subresource">The subresource, or empty.</param>
internal sealed record ManagerId(string Manager, string Operation, string ApiVersion, string Subresource)
{
    /// <summary>Whether two entries are one.</summary>
    public bool Same(ManagerId other) => Manager == other.Manager && Operation == other.Operation && Subresource == other.Subresource
        && (Operation == ManagedEntries.Apply || ApiVersion == other.ApiVersion);

    /// <summary>How a conflict names the manager.</summary>
    public override string ToString()
    {
        var name = Subresource.Length == 0 ? $"\"{Manager}\"" : $"\"{Manager}\" with subresource \"{Subresource}\"";
        return Operation == ManagedEntries.Update ? $"{name} using {ApiVersion}" : name;
    }
}

/// <summary>A manager and what it owns.</summary>
internal sealed record ManagedEntry(ManagerId Id, FieldSet Fields, string? Time);

/// <summary>Reads and writes <c>metadata.managedFields</c>.</summary>
internal static class ManagedEntries
{
    public const string Apply = "Apply";
    public const string Update = "Update";

    /// <summary>Entries of updaters kept apart. 10, as upstream; older ones become one.</summary>
    public const int MaximumUpdaters = 10;

    private const string Ancient = "ancient-changes";

    /// <summary>The entries of an object, or null where they cannot be read.</summary>
    public static List<ManagedEntry>? Read(JsonObject? value)
    {
        var entries = new List<ManagedEntry>();
        foreach (var node in value.At("metadata", "managedFields") as JsonArray ?? [])
        {
            if (node is not JsonObject entry || entry["operation"].AsString() is not (Apply or Update) || FieldSet.Parse(entry["fieldsV1"]) is not { } fields)
            {
                return null;
            }

            var id = new ManagerId(
                entry["manager"].AsString() ?? "", entry["operation"].AsString()!, entry["apiVersion"].AsString() ?? "", entry["subresource"].AsString() ?? "");
            Merge(entries, new ManagedEntry(id, fields, entry["time"].AsString()));
        }

        return entries;
    }

    /// <summary>Whether a client asks to forget all managers: one entry that says nothing.</summary>
    public static bool IsReset(JsonObject value) => value.At("metadata", "managedFields") is JsonArray { Count: 1 } list && list[0] is JsonObject { Count: 0 };

    /// <summary>Adds an entry, to the one of the same manager where there is one.</summary>
    public static void Merge(List<ManagedEntry> entries, ManagedEntry entry)
    {
        var at = entries.FindIndex(other => other.Id.Same(entry.Id));
        if (at < 0)
        {
            entries.Add(entry);
        }
        else
        {
            entries[at] = entries[at] with { Fields = entries[at].Fields.Union(entry.Fields), Time = entry.Time ?? entries[at].Time };
        }
    }

    /// <summary>Writes the entries that own something; removes the field where none does.</summary>
    public static void Write(JsonObject value, List<ManagedEntry> entries)
    {
        if (value["metadata"] is not JsonObject metadata)
        {
            value["metadata"] = metadata = [];
        }

        var kept = Capped(entries.Where(entry => !entry.Fields.IsEmpty).ToList());
        if (kept.Count == 0)
        {
            metadata.Remove("managedFields");
            return;
        }

        var list = new JsonArray();
        foreach (var entry in kept.Count == 1 ? kept : InOrder(kept))
        {
            var node = new JsonObject { ["manager"] = entry.Id.Manager, ["operation"] = entry.Id.Operation, ["apiVersion"] = entry.Id.ApiVersion };
            if (entry.Time is not null)
            {
                node["time"] = entry.Time;
            }

            node["fieldsType"] = "FieldsV1";
            node["fieldsV1"] = entry.Fields.ToJson();
            if (entry.Id.Subresource.Length > 0)
            {
                node["subresource"] = entry.Id.Subresource;
            }

            list.Add(node);
        }

        metadata["managedFields"] = list;
    }

    /// <summary>A time as managedFields has it.</summary>
    public static string Time(DateTimeOffset now) => now.UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture);

    private static IEnumerable<ManagedEntry> InOrder(List<ManagedEntry> entries) =>
        entries.OrderBy(entry => entry.Id.Operation, StringComparer.Ordinal).ThenBy(entry => entry.Time, StringComparer.Ordinal)
            .ThenBy(entry => entry.Id.Manager, StringComparer.Ordinal).ThenBy(entry => entry.Id.ApiVersion, StringComparer.Ordinal).ThenBy(entry => entry.Id.Subresource, StringComparer.Ordinal);

    // The oldest updaters become one entry per version, so that an object's bookkeeping cannot grow without end.
    private static List<ManagedEntry> Capped(List<ManagedEntry> entries)
    {
        if (entries.Count <= MaximumUpdaters)
        {
            return entries;
        }

        var updaters = entries.Where(entry => entry.Id is { Operation: Update, Subresource: "" }).OrderBy(entry => entry.Time ?? "", StringComparer.Ordinal).ToList();
        var surplus = updaters.Count - MaximumUpdaters;
        foreach (var old in updaters.Where(entry => entry.Id.Manager != Ancient).Take(surplus > 0 ? surplus + 1 : 0).ToArray())
        {
            entries.Remove(old);
            Merge(entries, old with { Id = old.Id with { Manager = Ancient } });
        }

        return entries;
    }
}
