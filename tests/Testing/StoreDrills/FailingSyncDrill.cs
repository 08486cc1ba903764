using System.Globalization;
using KubeAspire.StateStore;
using KubeAspire.Testing.Processes;
using Xunit;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>
/// The kernel answers EIO or ENOSPC to a real fdatasync or fsync of a store's process (strace injects it). The process ends at once, acknowledges nothing
/// any more, and what it had acknowledged is there at the next start. A flush that hides errors would not survive this.
/// </summary>
internal static class FailingSyncDrill
{
    private const int Writers = 4;

    /// <summary>How soon after its last acknowledgement the process must be gone. 1 s.</summary>
    private static readonly TimeSpan s_endsWithin = TimeSpan.FromSeconds(1);

    /// <summary>Fails the n-th sync of each of the process' threads.</summary>
    /// <param name="directory">An empty directory.</param>
    /// <param name="n">From 1.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Writes acknowledged before; −1 where the store did not even open.</returns>
    public static async Task<int> RunAsync(string directory, int n, CancellationToken cancellationToken)
    {
        var when = n.ToString(CultureInfo.InvariantCulture);

        // Want of room is told by a sync where blocks are taken late. It is no full disk that one can live with.
        var error = n % 3 == 0 ? "ENOSPC" : "EIO";
        var options = new StoreProcessOptions
        {
            RunBy = ["strace", "-f", "-qq", "-o", "/dev/null", "--seccomp-bpf", "-e", "trace=fdatasync,fsync", "-e", $"inject=fdatasync,fsync:error={error}:when={when}"],
            Store = new StateStoreOptions { SegmentBytes = 16 << 10, SnapshotAfterLogBytes = 64 << 10, ReserveBytes = 4 << 10, AllocationBytes = 16 << 10 },
        };
        var acknowledged = new List<StateKey>();
        try
        {
            await using var store = await StoreProcess.StartAsync(directory, options, cancellationToken);
            var last = TimeProvider.System.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
            {
                for (var i = 0; ; i++)
                {
                    var key = StateObjects.Pod($"w{writer}-{i:d4}");
                    try
                    {
                        await store.Engine.CreateAsync(key, StateObjects.Value(new string('x', 300)), cancellationToken);
                    }
                    catch (IOException)
                    {
                        return;
                    }

                    lock (acknowledged)
                    {
                        acknowledged.Add(key);
                        last = TimeProvider.System.GetTimestamp();
                    }
                }
            }));
            var exitCode = await store.WaitForExitAsync(cancellationToken);
            var took = TimeProvider.System.GetElapsedTime(last);
            Assert.True(exitCode != 0, $"failing sync {n}: exit code 0");
            Assert.True(took < s_endsWithin, $"failing sync {n}: the process ended {took.TotalMilliseconds} ms after its last acknowledgement");
        }
        catch (StoreProcessException refused)
        {
            Assert.Equal(StoreProtocol.ExitFailed, refused.ExitCode);
        }

        await using var again = await StoreProcess.StartAsync(directory, options with { RunBy = [] }, cancellationToken);
        var page = await again.Engine.ListAsync(new StateRange("pods"), 0, 0, null, cancellationToken);
        var lost = acknowledged.Except(page.Entries.Select(entry => entry.Key)).ToList();
        Assert.True(lost.Count == 0, $"failing sync {n}: lost {string.Join(", ", lost)}");
        Assert.True(page.Entries.Count <= acknowledged.Count + Writers, $"failing sync {n}: {page.Entries.Count} objects, {acknowledged.Count} acknowledged");
        return acknowledged.Count;
    }
}
