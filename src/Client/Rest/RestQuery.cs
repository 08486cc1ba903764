using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace KubeAspire.Client.Rest;

/// <summary>Query strings and media types of requests.</summary>
internal static class RestQuery
{
    private static readonly MediaTypeHeaderValue s_merge = new("application/merge-patch+json");
    private static readonly MediaTypeHeaderValue s_jsonPatch = new("application/json-patch+json");
    private static readonly MediaTypeHeaderValue s_strategic = new("application/strategic-merge-patch+json");
    private static readonly MediaTypeHeaderValue s_apply = new("application/apply-patch+yaml");

    public static string OfList(ListQuery query, int? limit, string? next)
    {
        var text = new StringBuilder();
        AddSelectors(text, query);
        if (next is null)
        {
            Add(text, "resourceVersion", query.ResourceVersion);
            Add(text, "resourceVersionMatch", query.ResourceVersionMatch);
        }

        Add(text, "limit", limit?.ToString(CultureInfo.InvariantCulture));
        Add(text, "continue", next); // It names the revision; another one beside it is refused.
        return text.ToString();
    }

    public static string OfWatch(ListQuery query)
    {
        var text = new StringBuilder();
        Add(text, "watch", "true");
        AddSelectors(text, query);
        Add(text, "resourceVersion", query.ResourceVersion);
        Add(text, "allowWatchBookmarks", query.AllowBookmarks ? "true" : null);
        if (query.SendInitialEvents)
        {
            Add(text, "sendInitialEvents", "true");
            Add(text, "resourceVersionMatch", query.ResourceVersionMatch ?? "NotOlderThan");
        }

        Add(text, "timeoutSeconds", query.Timeout is { } timeout ? Math.Ceiling(timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture) : null);
        return text.ToString();
    }

    public static string OfPatch(ApiPatch patch)
    {
        var text = new StringBuilder();
        Add(text, "fieldManager", patch.FieldManager);
        Add(text, "force", patch.Force ? "true" : null);
        return text.ToString();
    }

    public static MediaTypeHeaderValue MediaTypeOf(PatchKind kind) => kind switch
    {
        PatchKind.Merge => s_merge,
        PatchKind.Json => s_jsonPatch,
        PatchKind.StrategicMerge => s_strategic,
        PatchKind.Apply => s_apply,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a kind of patch"),
    };

    private static void AddSelectors(StringBuilder text, ListQuery query)
    {
        Add(text, "labelSelector", query.LabelSelector);
        Add(text, "fieldSelector", query.FieldSelector);
    }

    private static void Add(StringBuilder text, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            text.Append(text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }
}
