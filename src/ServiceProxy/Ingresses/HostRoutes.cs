using System.Collections.Frozen;

namespace KubeAspire.ServiceProxy.Ingresses;

/// <summary>The paths of one host. Matching costs a lookup per path element at most, whatever the number of rules.</summary>
/// <remarks>
/// Upstream's rules: an Exact path is compared case-sensitively and whole; a Prefix element by element, so that <c>/aaa/bb</c> does not match
/// <c>/aaa/bbb</c>, ignoring a trailing slash. The longest match wins, Exact before Prefix.
/// </remarks>
public sealed class HostRoutes
{
    private readonly FrozenDictionary<string, IngressRoute> _exact;
    private readonly FrozenDictionary<string, IngressRoute> _prefixes;
    private readonly int _longestPrefix;

    internal HostRoutes(IReadOnlyDictionary<string, IngressRoute> exact, IReadOnlyDictionary<string, IngressRoute> prefixes)
    {
        _exact = exact.ToFrozenDictionary(StringComparer.Ordinal);
        _prefixes = prefixes.ToFrozenDictionary(StringComparer.Ordinal);
        _longestPrefix = prefixes.Keys.Select(key => key.Length).DefaultIfEmpty(-1).Max();
    }

    /// <summary>The rule for a path, or null.</summary>
    public IngressRoute? Find(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (_exact.TryGetValue(path, out var exact))
        {
            return exact;
        }

        if (_longestPrefix < 0)
        {
            return null;
        }

        var lookup = _prefixes.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var rest = PrefixKey(path); ; rest = rest[..Math.Max(rest.LastIndexOf('/'), 0)])
        {
            if (rest.Length <= _longestPrefix && lookup.TryGetValue(rest, out var route))
            {
                return route;
            }

            if (rest.IsEmpty)
            {
                return null;
            }

            // No prefix is longer than the longest: skip what cannot match, so that a path of thousands of slashes costs nothing.
            if (rest.Length > _longestPrefix + 1)
            {
                rest = rest[..(_longestPrefix + 1)];
            }
        }
    }

    /// <summary>A prefix as it is filed: without its trailing slash; the root is empty.</summary>
    internal static ReadOnlySpan<char> PrefixKey(ReadOnlySpan<char> path) => path is [.., '/'] ? path[..^1] : path;
}
