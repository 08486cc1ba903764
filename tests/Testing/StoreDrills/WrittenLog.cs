using KubeAspire.StateStore;
using KubeAspire.StateStore.Log;
using KubeAspire.StateStore.Snapshots;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>A store of one segment, and what it says after each commit; or of a snapshot. To be damaged.</summary>
/// <param name="Disk">Where it is.</param>
/// <param name="File">The file to damage.</param>
/// <param name="Options">How it is opened.</param>
/// <param name="States">All that is stored after each commit; first the empty store. Of a snapshot, the state alone.</param>
/// <param name="Ends">Where each commit ends in the file; first the header. Of a snapshot, its length alone.</param>
internal sealed record WrittenLog(SimulatedDisk Disk, string File, StateStoreOptions Options, List<string> States, List<int> Ends)
{
    /// <summary>The file's bytes, to be changed in place.</summary>
    public byte[] Bytes => Disk.File(File).Bytes;

    /// <summary>Opens what is on a disk.</summary>
    public EmbeddedStateEngine Open(SimulatedDisk disk) => SimulatedEngine.Open(disk, Options);

    /// <summary>Writes a log: creates, updates and deletes, a commit each.</summary>
    /// <param name="seed">What is drawn.</param>
    /// <param name="commits">How many.</param>
    /// <param name="valueBytes">Bytes of each value, about.</param>
    public static async Task<WrittenLog> WriteAsync(int seed, int commits, int valueBytes)
    {
        var options = new StateStoreOptions { Directory = "simulated", ReserveBytes = 64, AllocationBytes = 64 };
        var log = new WrittenLog(new SimulatedDisk(), LogFormat.SegmentName(1), options, [""], [LogFormat.HeaderLength]);
        var random = new Random(seed);
        await using var engine = log.Open(log.Disk);
        for (var i = 0; i < commits; i++)
        {
            await WriteOneAsync(engine, random, valueBytes, mayDelete: i < commits - 1);
            log.States.Add(await SimulatedEngine.Dump(engine));
            log.Ends.Add(log.Bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1);
        }

        return log;
    }

    /// <summary>Writes a snapshot of about so many bytes, and the empty segment after it.</summary>
    public static async Task<WrittenLog> WriteSnapshotAsync(int seed, int bytes)
    {
        var options = new StateStoreOptions { Directory = "simulated", ReserveBytes = 64, AllocationBytes = 64, SnapshotAfterLogBytes = bytes };
        var disk = new SimulatedDisk();
        var random = new Random(seed);
        await using var engine = SimulatedEngine.Open(disk, options);
        string? file = null;
        for (var i = 0; file is null; i++)
        {
            await engine.CreateAsync(StateObjects.Pod($"p{i:d4}"), Value(random, 900), CancellationToken.None);
            file = disk.List().FirstOrDefault(name => SnapshotFormat.TryParseName(name, out _));
        }

        return new WrittenLog(disk, file, options, [await SimulatedEngine.Dump(engine)], [disk.File(file).Bytes.Length]);
    }

    private static async Task WriteOneAsync(EmbeddedStateEngine engine, Random random, int valueBytes, bool mayDelete)
    {
        var key = StateObjects.Pod($"p{random.Next(20):d2}");
        var now = await engine.GetAsync(key, CancellationToken.None);
        _ = now is null ? await engine.CreateAsync(key, Value(random, valueBytes), CancellationToken.None)
            : mayDelete && random.Next(4) == 0 ? await engine.DeleteAsync(key, now.Revision, CancellationToken.None)
            : await engine.UpdateAsync(key, Value(random, valueBytes), now.Revision, CancellationToken.None);
    }

    private static StateValue Value(Random random, int bytes) => StateObjects.Value(new string((char)('a' + random.Next(26)), random.Next(bytes / 2, bytes + 1)));
}
