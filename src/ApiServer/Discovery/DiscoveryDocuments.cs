using KubeAspire.ApiServer.Requests;
using KubeAspire.Resources;

namespace KubeAspire.ApiServer.Discovery;

/// <summary>What the server serves, told anew whenever the kinds are others.</summary>
internal sealed class DiscoveryDocuments(KindRegistry kinds)
{
    private volatile DiscoverySnapshot? _made;

    /// <summary>Answers <c>/api</c>, <c>/apis</c> and what lies directly below.</summary>
    public ApiAnswer Answer(ApiRequest request, string accept)
    {
        var (made, current) = (_made, kinds.Current);
        if (made is null || made.Kinds != current)
        {
            _made = made = new DiscoverySnapshot(current, kinds.Reviews);
        }

        return made.Answer(request, accept);
    }

    /// <summary>Whether a subresource is served; the published paths name some that are not built yet.</summary>
    public static bool IsServed(BuiltInSubresource subresource) => subresource.Name is "status" or "scale" or "binding" or "eviction" or "token" or "log" or "finalize" or "approval";
}
