namespace KubeAspire.StateStore.Redis;

/// <summary>Which call of which engine a write is. It stands in the log beside the write, so that a call that is made again is known again.</summary>
/// <param name="Engine">The engine that the call entered; a new one each time a silo starts.</param>
/// <param name="Call">The call's number there.</param>
public readonly record struct WriteTicket(Guid Engine, long Call);
