using System.Globalization;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.ApiServer.Admission.Quota;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission;

/// <summary>Fills in the requests and limits that a namespace's LimitRanges give, and refuses what lies outside their bounds.</summary>
/// <remarks>Upstream's plugin LimitRanger; the texts are its own, since people search for them.</remarks>
internal sealed class LimitRanger(IStateEngine engine) : IAdmission
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    /// <inheritdoc/>
    public string Name => "LimitRanger";

    /// <inheritdoc/>
    public async ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Verb != "create" || !request.IsMain(Pod.ResourceType) || request.Value?["spec"] is not JsonObject spec)
        {
            return null;
        }

        foreach (var item in await ItemsAsync(request.Namespace, "Container", cancellationToken))
        {
            var notes = new List<string>();
            foreach (var (list, what) in ((string, string)[])[("containers", "container"), ("initContainers", "init container")])
            {
                foreach (var container in (spec[list] as JsonArray ?? []).OfType<JsonObject>())
                {
                    Note(notes, Fill(container, "requests", item.DefaultRequest), "request", what, container);
                    Note(notes, Fill(container, "limits", item.Default), "limit", what, container);
                }
            }

            if (notes.Count > 0)
            {
                if (request.Value.Meta()["annotations"] is not JsonObject annotations)
                {
                    request.Value.Meta()["annotations"] = annotations = [];
                }

                annotations[Annotation] = "LimitRanger plugin set: " + string.Join("; ", notes);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<ApiError?> ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        if (request.Value is not null && ((request.IsMain(Pod.ResourceType) && request.Verb == "create") || (request.Kind.Type == Pod.ResourceType && request.Info.Subresource == "resize")))
        {
            var pod = request.View<Pod>();
            foreach (var item in await ItemsAsync(request.Namespace, "Container", cancellationToken))
            {
                foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []))
                {
                    Check(problems, item, container.Resources?.Requests, container.Resources?.Limits);
                }
            }

            foreach (var item in await ItemsAsync(request.Namespace, "Pod", cancellationToken))
            {
                var (requests, limits) = QuotaUsage.PodResources(pod.Spec);
                Check(problems, item, requests, limits);
            }
        }
        else if (request.Value is not null && request.IsMain(PersistentVolumeClaim.ResourceType) && request.Verb is "create" or "update")
        {
            var asked = request.View<PersistentVolumeClaim>().Spec.Resources?.Requests;
            if (request.Stored is not null && Same(asked, request.StoredView<PersistentVolumeClaim>().Spec.Resources?.Requests))
            {
                return null;
            }

            foreach (var item in await ItemsAsync(request.Namespace, "PersistentVolumeClaim", cancellationToken))
            {
                CheckRequests(problems, item, asked);
            }
        }

        return problems.Count == 0 ? null
            : ApiErrors.Forbidden(request.Kind.Type, request.Name, problems.Count == 1 ? problems[0] : $"[{string.Join(", ", problems.Distinct())}]");
    }

    private async ValueTask<IEnumerable<LimitRangeItem>> ItemsAsync(string ns, string type, CancellationToken cancellationToken) =>
        (await engine.AllAsync<LimitRange>(ns, cancellationToken)).SelectMany(range => range.Spec.Limits).Where(item => item.Type == type);

    private static List<string> Fill(JsonObject container, string part, IReadOnlyDictionary<string, Quantity>? values)
    {
        var set = new List<string>();
        foreach (var (name, quantity) in values ?? new Dictionary<string, Quantity>())
        {
            if (container["resources"] is not JsonObject resources)
            {
                container["resources"] = resources = [];
            }

            if (resources[part] is not JsonObject stated)
            {
                resources[part] = stated = [];
            }

            if (stated[name] is null)
            {
                stated[name] = quantity.Canonical();
                set.Add(name);
            }
        }

        set.Sort(StringComparer.Ordinal);
        return set;
    }

    private static void Note(List<string> notes, List<string> set, string what, string container, JsonObject value)
    {
        if (set.Count > 0)
        {
            notes.Add($"{string.Join(", ", set)} {what} for {container} {value.Text("name")}");
        }
    }

    private static void Check(
        List<string> problems, LimitRangeItem item, IReadOnlyDictionary<string, Quantity>? requests, IReadOnlyDictionary<string, Quantity>? limits)
    {
        foreach (var (name, least) in Sorted(item.Min))
        {
            var (request, limit) = (Find(requests, name), Find(limits, name));
            Add(problems, request is null ? $"minimum {name} usage per {item.Type} is {least}.  No request is specified"
                : request < least ? $"minimum {name} usage per {item.Type} is {least}, but request is {request}"
                : limit < least ? $"minimum {name} usage per {item.Type} is {least}, but limit is {limit}" : null);
        }

        foreach (var (name, most) in Sorted(item.Max))
        {
            var (request, limit) = (Find(requests, name), Find(limits, name));
            Add(problems, limit is null ? $"maximum {name} usage per {item.Type} is {most}.  No limit is specified"
                : limit > most ? $"maximum {name} usage per {item.Type} is {most}, but limit is {limit}"
                : request > most ? $"maximum {name} usage per {item.Type} is {most}, but request is {request}" : null);
        }

        foreach (var (name, ratio) in Sorted(item.MaxLimitRequestRatio))
        {
            Add(problems, Ratio(item.Type, name, ratio, Find(requests, name), Find(limits, name)));
        }
    }

    private static void CheckRequests(List<string> problems, LimitRangeItem item, IReadOnlyDictionary<string, Quantity>? requests)
    {
        foreach (var (name, least) in Sorted(item.Min))
        {
            Add(problems, Find(requests, name) is not { } request ? $"minimum {name} usage per {item.Type} is {least}.  No request is specified"
                : request < least ? $"minimum {name} usage per {item.Type} is {least}, but request is {request}" : null);
        }

        foreach (var (name, most) in Sorted(item.Max))
        {
            Add(problems, Find(requests, name) is not { } request ? $"maximum {name} usage per {item.Type} is {most}.  No request is specified"
                : request > most ? $"maximum {name} usage per {item.Type} is {most}, but request is {request}" : null);
        }
    }

    private static string? Ratio(string type, string name, Quantity most, Quantity? request, Quantity? limit)
    {
        if (request is not { IsZero: false } asked)
        {
            return $"{name} max limit to request ratio per {type} is {most}, but no request is specified or request is 0";
        }

        if (limit is not { IsZero: false } bound)
        {
            return $"{name} max limit to request ratio per {type} is {most}, but no limit is specified or limit is 0";
        }

        var ratio = bound.MilliValue / (double)asked.MilliValue;
        return ratio > most.MilliValue / 1000.0
            ? string.Create(CultureInfo.InvariantCulture, $"{name} max limit to request ratio per {type} is {most}, but provided ratio is {ratio:F6}") : null;
    }

    private static IEnumerable<KeyValuePair<string, Quantity>> Sorted(IReadOnlyDictionary<string, Quantity>? values) =>
        (values ?? new Dictionary<string, Quantity>()).OrderBy(pair => pair.Key, StringComparer.Ordinal);

    private static Quantity? Find(IReadOnlyDictionary<string, Quantity>? values, string name) =>
        values is not null && values.TryGetValue(name, out var found) ? found : null;

    private static bool Same(IReadOnlyDictionary<string, Quantity>? left, IReadOnlyDictionary<string, Quantity>? right) =>
        Find(left, "storage") is { } a && Find(right, "storage") is { } b && a.CompareTo(b) == 0;

    private static void Add(List<string> problems, string? problem)
    {
        if (problem is not null)
        {
            problems.Add(problem);
        }
    }
}
