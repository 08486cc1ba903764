using KubeAspire.ApiServer.CustomResources;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Apiextensions;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer;

/// <summary>Waits for kinds that the store says are served and this server does not know yet.</summary>
/// <remarks>
/// A definition's condition <c>Established</c> is written by whichever server saw the definition first; a client that has seen it may ask another at once. Upstream has its clients wait
/// five seconds where there are several servers; here the server does, for as long as it takes.
/// </remarks>
internal sealed class LateKinds(IStateEngine engine, KindRegistry kinds, TimeProvider clock)
{
    /// <summary>Whether a kind that was unknown is served now.</summary>
    public async ValueTask<bool> ArrivesAsync(RequestInfo info, CancellationToken cancellationToken)
    {
        var definition = await engine.FindAsync<CustomResourceDefinition>("", $"{info.Resource}.{info.Group}", cancellationToken);
        if (definition is not { Metadata.DeletionTimestamp: null } || !DefinitionPlanner.Is(definition.Status, DefinitionPlanner.Established)
            || !definition.Spec.Versions.Any(version => version.Served && version.Name == info.Version))
        {
            return false;
        }

        var since = clock.GetTimestamp();
        while (true)
        {
            var changed = kinds.Changed;
            if (kinds.Find(info.Group, info.Version, info.Resource) is not null)
            {
                return true;
            }

            if (ApiLimits.FutureRevisionWait - clock.GetElapsedTime(since) is var left && left <= TimeSpan.Zero)
            {
                return false;
            }

            try
            {
                await changed.WaitAsync(left, clock, cancellationToken);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }
}
