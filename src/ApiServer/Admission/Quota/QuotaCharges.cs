using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.ApiServer.Storage;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission.Quota;

/// <summary>What was charged for a write that may be under way: booked in <c>status.used</c>, and perhaps not yet to be counted among the objects.</summary>
/// <param name="Id">Tells the charge from others of the same server.</param>
/// <param name="Object">The object that is written.</param>
/// <param name="Uid">Its uid.</param>
/// <param name="Since">A change of the object after this revision is this write, or one that makes it fail.</param>
/// <param name="Amounts">What it takes more than before.</param>
internal sealed record QuotaCharge(string Id, StateKey Object, string Uid, long Since, IReadOnlyDictionary<string, Quantity> Amounts)
{
    /// <summary>Whether the write was done, or can no longer be done, at a revision.</summary>
    /// <param name="engine">The store.</param>
    /// <param name="revision">The revision of which the objects are counted: what is stored later is not counted, and so still under way.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<bool> IsDoneAsync(IStateEngine engine, long revision, CancellationToken cancellationToken)
    {
        using var cursor = engine.Watch(new StateRange(Object.Collection, Object.Namespace, Object.Name), Since);
        while (true)
        {
            var batch = await cursor.NextAsync(TimeSpan.Zero, cancellationToken);
            if (batch.Outcome != StateReadOutcome.Ok)
            {
                return true; // So old that the history is gone: whoever charged it is gone too.
            }

            if (batch.Events.Any(change => change.Entry.Revision <= revision && change.Entry.Tree().Meta().Text("uid") == Uid))
            {
                return true;
            }

            if (batch.Events.Count == 0 || batch.Revision >= revision)
            {
                return false;
            }
        }
    }
}

/// <summary>The charges that may be under way, as they stand on a quota: the last one of each API server.</summary>
/// <remarks>
/// An API server has one write of a namespace's counted objects under way at a time (<see cref="NamespaceGates"/>), so its next charge takes the place of its last. They stand in an annotation
/// because they must change with <c>status.used</c> in one write. Users cannot change it.
/// </remarks>
internal static class QuotaCharges
{
    /// <summary>The annotation.</summary>
    public const string Annotation = "kubeaspire.dev/charges-under-way";

    /// <summary>API servers whose last charge is kept; with more, all is counted anew, which forgets those that are done. 64.</summary>
    public const int Servers = 64;

    /// <summary>Reads the charges, by server.</summary>
    public static Dictionary<string, QuotaCharge> Read(JsonObject? quota)
    {
        var charges = new Dictionary<string, QuotaCharge>(StringComparer.Ordinal);
        if (quota?.Meta()["annotations"] is not JsonObject annotations || annotations.Text(Annotation) is not { Length: > 0 } text)
        {
            return charges;
        }

        try
        {
            foreach (var (server, node) in JsonNode.Parse(text) as JsonObject ?? [])
            {
                if (node is JsonObject charge)
                {
                    var amounts = (charge["amounts"] as JsonObject ?? []).ToDictionary(amount => amount.Key, amount => Quantity.Parse(amount.Value!.GetValue<string>()), StringComparer.Ordinal);
                    charges[server] = new QuotaCharge(
                        charge.Text("id"), new StateKey(charge.Text("collection"), charge.Text("namespace"), charge.Text("name")), charge.Text("uid"), charge.Number("since") ?? 0, amounts);
                }
            }
        }
        catch (Exception broken) when (broken is JsonException or FormatException or InvalidOperationException or ArgumentException)
        {
            charges.Clear(); // Not written here. What is stored is counted all the same.
        }

        return charges;
    }

    /// <summary>Writes the charges; none takes the annotation away.</summary>
    public static void Write(JsonObject quota, IReadOnlyDictionary<string, QuotaCharge> charges)
    {
        var tree = new JsonObject();
        foreach (var (server, charge) in charges.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            var amounts = new JsonObject();
            foreach (var (name, amount) in charge.Amounts)
            {
                amounts[name] = amount.Canonical();
            }

            tree[server] = new JsonObject
            {
                ["id"] = charge.Id, ["collection"] = charge.Object.Collection, ["namespace"] = charge.Object.Namespace, ["name"] = charge.Object.Name,
                ["uid"] = charge.Uid, ["since"] = charge.Since, ["amounts"] = amounts,
            };
        }

        Put(quota, tree.Count == 0 ? null : tree.ToJsonString());
    }

    /// <summary>Keeps the charges as they are stored, whatever a user's write says.</summary>
    public static void Keep(JsonObject quota, JsonObject? stored) =>
        Put(quota, (stored?.Meta()["annotations"] as JsonObject)?.Text(Annotation) is { Length: > 0 } text ? text : null);

    private static void Put(JsonObject quota, string? text)
    {
        var metadata = quota.Meta();
        if (metadata["annotations"] is not JsonObject annotations)
        {
            if (text is null)
            {
                return;
            }

            metadata["annotations"] = annotations = [];
        }

        annotations.Put(Annotation, text is null ? null : JsonValue.Create(text));
        if (annotations.Count == 0)
        {
            metadata.Remove("annotations");
        }
    }
}
