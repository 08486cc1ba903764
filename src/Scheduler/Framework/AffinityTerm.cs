using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;

namespace KubeAspire.Scheduler.Framework;

/// <summary>A term of pod affinity or anti-affinity, ready to be compared.</summary>
/// <param name="Selector">Pods it is about.</param>
/// <param name="Namespaces">Namespaces it is about, beside <paramref name="NamespaceSelector"/>.</param>
/// <param name="NamespaceSelector">Namespaces it is about by label; null for none.</param>
/// <param name="TopologyKey">Label of nodes that says what counts as one place.</param>
/// <param name="Weight">1 to 100 of a preferred term; 0 of a required one.</param>
public sealed record AffinityTerm(Selector Selector, IReadOnlyList<string> Namespaces, Selector? NamespaceSelector, string TopologyKey, int Weight)
{
    /// <summary>Whether a pod is one the term is about.</summary>
    public bool Selects(PodInfo pod, ClusterSnapshot snapshot) => Selector.Matches(pod.Labels)
        && (Namespaces.Contains(pod.Key.Namespace) || NamespaceSelector?.Matches(snapshot.NamespaceLabels(pod.Key.Namespace)) == true);

    /// <summary>Required terms.</summary>
    internal static AffinityTerm[] Of(Pod pod, IReadOnlyList<PodAffinityTerm>? terms) => [.. (terms ?? []).Select(term => Of(pod, term, 0))];

    /// <summary>Preferred terms.</summary>
    internal static AffinityTerm[] Of(Pod pod, IReadOnlyList<WeightedPodAffinityTerm>? terms) =>
        [.. (terms ?? []).Select(term => Of(pod, term.PodAffinityTerm, term.Weight))];

    private static AffinityTerm Of(Pod pod, PodAffinityTerm term, int weight)
    {
        // Without namespaces and selector a term is about the pod's own namespace.
        IReadOnlyList<string> namespaces = term.Namespaces is { Count: > 0 } named ? named : term.NamespaceSelector is null ? [pod.Metadata.Namespace ?? ""] : [];
        return new AffinityTerm(
            SelectorOf(pod, term.LabelSelector, term.MatchLabelKeys, term.MismatchLabelKeys),
            namespaces,
            term.NamespaceSelector is null ? null : OrNothing(term.NamespaceSelector),
            term.TopologyKey,
            weight);
    }

    /// <summary>A selector with the values that the pod itself has under some keys: pods of the same rollout, for one.</summary>
    internal static Selector SelectorOf(Pod pod, LabelSelector? selector, IReadOnlyList<string>? same, IReadOnlyList<string>? other)
    {
        var parsed = OrNothing(selector);
        if (selector is null || ((same?.Count ?? 0) == 0 && (other?.Count ?? 0) == 0))
        {
            return parsed;
        }

        var labels = pod.Metadata.Labels;
        IEnumerable<Requirement> Values(IReadOnlyList<string>? keys, SelectorOperator comparison) =>
            from key in keys ?? []
            let value = labels?.GetValueOrDefault(key)
            where value is not null
            select new Requirement(key, comparison, [value]);

        return Selector.FromRequirements([.. parsed.Requirements, .. Values(same, SelectorOperator.In), .. Values(other, SelectorOperator.NotIn)]);
    }

    private static Selector OrNothing(LabelSelector? selector)
    {
        var parsed = Selector.From(selector);
        return parsed.Succeeded ? parsed.Value : Selector.Nothing;
    }
}
