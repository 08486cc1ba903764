using System.Collections.Immutable;

namespace KubeAspire.ServiceProxy.Services;

/// <summary>An endpoint and its conditions.</summary>
internal readonly record struct Candidate(ServiceEndpoint Endpoint, bool Ready, bool Serving, bool Terminating);

/// <summary>Which of a port's endpoints take new traffic.</summary>
internal static class EndpointSelection
{
    /// <summary>The ready ones; when there are none, those that still serve while they terminate.</summary>
    /// <param name="candidates">All endpoints of the port.</param>
    /// <param name="localOnly">Whether the traffic policy is Local.</param>
    /// <param name="localNodes">The nodes that count as local; null for all.</param>
    /// <remarks>KEP-1672 "Tracking terminating endpoints in EndpointSlices"; under Local the rule is applied to the local endpoints alone.</remarks>
    public static ImmutableArray<ServiceEndpoint> Usable(IReadOnlyList<Candidate> candidates, bool localOnly, IReadOnlySet<string>? localNodes)
    {
        bool Considered(Candidate candidate) =>
            !localOnly || localNodes is null || (candidate.Endpoint.Node is { } node && localNodes.Contains(node));

        var ready = candidates.Where(candidate => candidate.Ready && Considered(candidate)).ToList();
        var chosen = ready.Count > 0
            ? ready
            : candidates.Where(candidate => candidate is { Serving: true, Terminating: true } && Considered(candidate)).ToList();

        // One order whatever the order of the slices: round robin then goes on evenly after a rebuild.
        return [.. chosen.Select(candidate => candidate.Endpoint).DistinctBy(endpoint => endpoint.Address).OrderBy(endpoint => endpoint.HttpPrefix, StringComparer.Ordinal)];
    }
}
