namespace KubeAspire.ContainerRuntime;

/// <summary>
/// A conversation with a process: a command run in a container (<see cref="IContainerRuntime.OpenExecAsync"/>) or the container's
/// own (<see cref="IContainerRuntime.AttachAsync"/>). Disposing it lets go of the process, which may go on.
/// </summary>
public abstract class ContainerStream : IAsyncDisposable
{
    /// <summary>Brings bytes to the process's standard input. Waits while the process does not read.</summary>
    /// <exception cref="IOException">Nobody reads any more.</exception>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Ends the process's standard input; its output goes on. A second call does nothing.</summary>
    public abstract void CloseInput();

    /// <summary>What the process says, until it ends. To be read once.</summary>
    public abstract IAsyncEnumerable<LogChunk> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Tells the process's terminal its size.</summary>
    /// <param name="columns">Width in characters.</param>
    /// <param name="rows">Height in lines.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public abstract Task<RuntimeError?> ResizeAsync(int columns, int rows, CancellationToken cancellationToken);

    /// <summary>The exit code of a command that has ended; null for a container's own process, whose state says it.</summary>
    public abstract Task<int?> GetExitCodeAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
