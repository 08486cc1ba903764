namespace KubeAspire.StateStore;

/// <summary>A write may have taken place or not: its end could not be found out in time. Read before writing again.</summary>
public sealed class StateOutcomeUnknownException(string reason, Exception? inner = null)
    : StateStoreException($"Whether the write took place is not known: {reason}.", inner);

/// <summary>The store cannot be reached now. Nothing was changed by this call; it may be made again.</summary>
public sealed class StateUnavailableException(string reason, Exception? inner = null)
    : StateStoreException($"The state store cannot be reached: {reason}.", inner);
