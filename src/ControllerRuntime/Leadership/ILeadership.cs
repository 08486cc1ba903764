namespace KubeAspire.ControllerRuntime.Leadership;

/// <summary>Says whether singleton work (the scheduler, the controllers) runs in this process. The state engine answers.</summary>
public interface ILeadership
{
    /// <summary>Waits until this process is to run the work, and returns a token that is cancelled when it no longer may.</summary>
    /// <remarks>A lease is not a lock: every write is still fenced by its resourceVersion.</remarks>
    Task<CancellationToken> AcquireAsync(string work, CancellationToken cancellationToken);
}

/// <summary>Leadership of a process that is alone: the embedded engine's answer.</summary>
public sealed class SoleLeadership : ILeadership
{
    /// <inheritdoc/>
    public Task<CancellationToken> AcquireAsync(string work, CancellationToken cancellationToken) => Task.FromResult(CancellationToken.None);
}
