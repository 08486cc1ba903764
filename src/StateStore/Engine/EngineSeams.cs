using KubeAspire.StateStore.Disks;

namespace KubeAspire.StateStore.Engine;

/// <summary>Where the engine touches the outside.</summary>
/// <param name="Disk">The data directory.</param>
/// <param name="FailStop">Ends the process; nothing may be acknowledged any more. A test notes the call and returns.</param>
/// <param name="Background">Runs a snapshot beside the commits; a test may run it at once, to crash at each of its steps in order.</param>
/// <param name="OwnThread">Whether queued writes are committed on a thread of the store.</param>
internal sealed record EngineSeams(IDisk Disk, Action<string, Exception> FailStop, Func<Action, Task> Background, bool OwnThread = true)
{
    /// <summary>The real outside.</summary>
    public static EngineSeams Real(string directory) => new(
        new PosixDisk(directory),
        Environment.FailFast,
        work => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
}
