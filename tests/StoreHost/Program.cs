using System.Globalization;
using System.Net.Sockets;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Backups;
using KubeAspire.StateStore.Disks;
using KubeAspire.StateStore.Engine;
using KubeAspire.StoreHost;
using KubeAspire.Testing.Processes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

// An embedded engine in a process of its own, for tests that kill it: --directory D --socket S [--<option of StateStoreOptions> N ...]
// [--syncDelayMilliseconds N]. Prints "ready" once its socket may be connected to; ends when its standard input does.
// Connections may open further stores. With --redis R --cluster C --name N it is one of several silos instead, where Orleans is compiled in.
// With --restore F it restores a backup to the directory instead, with --write F it replaces a file durably.
var configuration = new ConfigurationBuilder().AddCommandLine(args).Build();
var options = new StateStoreOptions { Directory = configuration["directory"] ?? "" };
options.HistoryEvents = (int)Number(nameof(options.HistoryEvents), options.HistoryEvents);
options.HistoryAge = TimeSpan.FromMilliseconds(Number("HistoryAgeMilliseconds", (long)options.HistoryAge.TotalMilliseconds));
options.HistoryBytes = Number(nameof(options.HistoryBytes), options.HistoryBytes);
options.SegmentBytes = Number(nameof(options.SegmentBytes), options.SegmentBytes);
options.SnapshotAfterLogBytes = Number(nameof(options.SnapshotAfterLogBytes), options.SnapshotAfterLogBytes);
options.ReserveBytes = Number(nameof(options.ReserveBytes), options.ReserveBytes);
options.AllocationBytes = Number(nameof(options.AllocationBytes), options.AllocationBytes);
if (configuration["restore"] is { } backup)
{
    StateBackup.Restore(backup, options.Directory, "state");
    return 0;
}

if (configuration["write"] is { } secret)
{
    DurableFile.Replace(secret, ".new", "secret"u8);
    return 0;
}

var socket = configuration["socket"] ?? throw new ArgumentException("--socket is missing");

try
{
#if ORLEANS
    await using var clustered = configuration["redis"] is { } redis ? await ClusteredStore.OpenAsync(redis, configuration["cluster"]!, configuration["name"]!, options) : null;
    await using var own = clustered is null ? Open() : null;
    var engine = clustered?.Engine ?? own!;
    StoreOpener opener = clustered is null ? OpenFurtherAsync : async (name, clock, stop) => new OpenedStore(
        await clustered.OpenAsync(name, ClusteredStore.Options(configuration["redis"]!, name, configuration["name"]!, options), clock, stop), () => clustered.CloseAsync(name));
#else
    await using var engine = Open();
    StoreOpener opener = OpenFurtherAsync;
#endif
    using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    listener.Bind(new UnixDomainSocketEndPoint(socket));
    listener.Listen();
    Console.WriteLine(StoreProtocol.Ready);
    using var ending = new CancellationTokenSource();
    var parent = EndWithParentAsync(ending);
    List<StoreConnection> connections = [];
    try
    {
        while (true)
        {
            var connection = new StoreConnection(engine, opener, new NetworkStream(await listener.AcceptAsync(ending.Token), ownsSocket: true), ending.Cancel, ending.Token);
            connections.Add(connection);
            _ = connection.RunAsync();
        }
    }
    catch (OperationCanceledException)
    {
        await AnswerAllAsync(connections);
        return 0;
    }
}
catch (StateStoreLockedException refused)
{
    Console.Error.WriteLine(refused.Message);
    return StoreProtocol.ExitLocked;
}
catch (StateStoreCorruptException damaged)
{
    Console.Error.WriteLine(damaged.Message);
    return StoreProtocol.ExitCorrupt;
}
catch (IOException failed)
{
    Console.Error.WriteLine(failed.Message);
    return StoreProtocol.ExitFailed;
}

IStateEngine Open()
{
    options.Validate();
    var seams = EngineSeams.Real(options.Directory);
    var delay = TimeSpan.FromMilliseconds(Number("SyncDelayMilliseconds", 0));
    return EmbeddedStateEngine.Open(
        options, delay > TimeSpan.Zero ? seams with { Disk = new SlowDisk(seams.Disk, delay) } : seams, NullLoggerFactory.Instance, TimeProvider.System);
}

Task<OpenedStore> OpenFurtherAsync(string name, TimeProvider clock, CancellationToken cancellationToken)
{
    var further = new StateStoreOptions { Directory = Directory.CreateDirectory(Path.Combine(options.Directory, "..", name)).FullName, HistoryEvents = options.HistoryEvents };
    var engine = EmbeddedStateEngine.Open(further, EngineSeams.Real(further.Directory), NullLoggerFactory.Instance, clock);
    return Task.FromResult(new OpenedStore(engine, engine.DisposeAsync));
}

long Number(string name, long otherwise) => configuration[name] is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;

// What was begun is answered while the engine is whole. 10 s at most: a client may have stopped reading.
static async Task AnswerAllAsync(List<StoreConnection> connections)
{
    var (clock, most) = (TimeProvider.System, TimeSpan.FromSeconds(10));
    for (var started = clock.GetTimestamp(); connections.Any(connection => connection.Unanswered > 0) && clock.GetElapsedTime(started) < most;)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(2), clock);
    }
}

// A parent that was itself killed leaves no child behind.
static async Task EndWithParentAsync(CancellationTokenSource ending)
{
    await Task.Yield();
    using var input = Console.OpenStandardInput();
    await input.CopyToAsync(Stream.Null);
    await ending.CancelAsync();
}
