using KubeAspire.StateStore;

namespace KubeAspire.StoreHost;

/// <summary>A store that a connection opened.</summary>
/// <param name="Engine">Its engine.</param>
/// <param name="CloseAsync">Closes it; a second time does nothing.</param>
internal sealed record OpenedStore(IStateEngine Engine, Func<ValueTask> CloseAsync);

/// <summary>Opens a further store: of the cluster that this process is a silo of, or an embedded engine beside its own.</summary>
/// <param name="name">The store's name.</param>
/// <param name="clock">Ages history and times watches.</param>
/// <param name="cancellationToken">Gives up.</param>
internal delegate Task<OpenedStore> StoreOpener(string name, TimeProvider clock, CancellationToken cancellationToken);
