using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>How hard a pod's resources are promised: <c>status.qosClass</c>.</summary>
/// <remarks>Upstream's <c>ComputePodQOS</c> in pkg/apis/core/helper/qos. Only cpu and memory count; ephemeral containers do not.</remarks>
public static class QualityOfService
{
    /// <summary>Every container limits cpu and memory and requests as much.</summary>
    public const string Guaranteed = "Guaranteed";

    /// <summary>Something is requested or limited, but not all of it.</summary>
    public const string Burstable = "Burstable";

    /// <summary>Nothing is requested and nothing limited.</summary>
    public const string BestEffort = "BestEffort";

    private static readonly string[] s_counted = ["cpu", "memory"];

    /// <summary>The class of a pod, after its requests were completed from its limits.</summary>
    public static string Of(PodSpec spec)
    {
        if (spec.Resources is { } whole)
        {
            return Of([(whole.Requests, whole.Limits)]);
        }

        return Of(spec.Containers.Concat(spec.InitContainers ?? []).Select(container => (container.Resources?.Requests, container.Resources?.Limits)));
    }

    internal static string Of(JsonObject spec) => spec.Child("resources") is { Count: > 0 } whole
        ? Of([(List(whole.Child("requests")), List(whole.Child("limits")))])
        : Of(spec.Items("containers").Concat(spec.Items("initContainers")).Select(container =>
            (List(container.Child("resources").Child("requests")), List(container.Child("resources").Child("limits")))));

    private static string Of(IEnumerable<(IReadOnlyDictionary<string, Quantity>? Requests, IReadOnlyDictionary<string, Quantity>? Limits)> containers)
    {
        var (any, guaranteed) = (false, true);
        foreach (var (requests, limits) in containers)
        {
            foreach (var name in s_counted)
            {
                var (request, limit) = (Positive(requests, name), Positive(limits, name));
                any |= request is not null || limit is not null;
                guaranteed &= limit is { } most && (request ?? most).CompareTo(most) == 0;
            }
        }

        return !any ? BestEffort : guaranteed ? Guaranteed : Burstable;
    }

    private static Quantity? Positive(IReadOnlyDictionary<string, Quantity>? list, string name) =>
        list is not null && list.TryGetValue(name, out var quantity) && Quantity.TryParse(quantity.ToString(), out var amount, out _) && amount.Sign > 0 ? amount : null;

    // The interface, so that the tuples above are of the type that Of takes.
#pragma warning disable CA1859
    private static IReadOnlyDictionary<string, Quantity>? List(JsonObject? list) =>
        list?.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => new Quantity(pair.Value!.ToString()), StringComparer.Ordinal);
#pragma warning restore CA1859
}
