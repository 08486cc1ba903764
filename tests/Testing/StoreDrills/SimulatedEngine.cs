using KubeAspire.StateStore;
using KubeAspire.StateStore.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>Engines on simulated disks, with thresholds so low that a few writes roll segments and take snapshots.</summary>
internal static class SimulatedEngine
{
    public static StateStoreOptions Options { get; } = new()
    {
        Directory = "simulated", SegmentBytes = 700, SnapshotAfterLogBytes = 1_500, ReserveBytes = 256, AllocationBytes = 300,
    };

    /// <summary>Opens an engine whose snapshots run at once, in the order of things.</summary>
    /// <param name="disk">Its disk.</param>
    /// <param name="options">Other thresholds than <see cref="Options"/>.</param>
    /// <param name="stops">Receives the reasons to stop the process.</param>
    public static EmbeddedStateEngine Open(SimulatedDisk disk, StateStoreOptions? options = null, List<string>? stops = null)
    {
        var seams = new EngineSeams(disk, (message, _) => stops?.Add(message), work =>
        {
            work();
            return Task.CompletedTask;
        },
        OwnThread: false);
        return EmbeddedStateEngine.Open(options ?? Options, seams, NullLoggerFactory.Instance, new ManualClock());
    }

    /// <summary>All that is stored, as text.</summary>
    public static async Task<string> Dump(EmbeddedStateEngine engine)
    {
        var page = await engine.ListAsync(new StateRange("pods"), 0, 0, null, CancellationToken.None);
        return string.Join('\n', page.Entries.Select(entry => $"{entry.Key} {entry.CreateRevision} {entry.Text()}"));
    }
}
