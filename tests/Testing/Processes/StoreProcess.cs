using System.Diagnostics;
using System.Globalization;
using KubeAspire.StateStore;

namespace KubeAspire.Testing.Processes;

/// <summary>How a store's process is started.</summary>
public sealed record StoreProcessOptions
{
    /// <summary>The engine's options; the directory is given apart.</summary>
    public StateStoreOptions Store { get; init; } = new();

    /// <summary>The cluster that the store's process is a silo of; null for an embedded engine that is alone.</summary>
    public StoreCluster? Cluster { get; init; }

    /// <summary>Added to every sync. None by default.</summary>
    public TimeSpan SyncDelay { get; init; }

    /// <summary>A program with its arguments that runs the store in turn, such as strace.</summary>
    public IReadOnlyList<string> RunBy { get; init; } = [];

    /// <summary>How long the store may take to be ready. 30 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>A cluster of silos, each a process, that share their state through a Redis.</summary>
/// <param name="Redis">Its connection string.</param>
/// <param name="Name">The cluster's name in it.</param>
/// <param name="Silo">The silo's name.</param>
public sealed record StoreCluster(string Redis, string Name, string Silo)
{
    /// <summary>Why there can be none here; null where there can be.</summary>
    public static string? WhyNot { get; } =
        !File.Exists(Path.Combine(Path.GetDirectoryName(StoreProcess.Executable)!, "Orleans.Runtime.dll")) ? "this build has no Orleans: the package set Orleans does not restore here" : RedisServer.WhyNot;
}

/// <summary>The process ended before its store was ready.</summary>
public sealed class StoreProcessException(int exitCode, string message) : Exception($"The store's process ended with code {exitCode}: {message}")
{
    /// <summary>3: another process has the directory. 4: a file is damaged. 5: an error of the disk. 128 + n: signal n.</summary>
    public int ExitCode { get; } = exitCode;
}

/// <summary>
/// An embedded engine in a process of its own (tests/StoreHost), to be killed, paused and started anew on the same directory. A call in flight
/// when the process ends throws <see cref="StoreProcessEndedException"/>: whether it took place is not known.
/// </summary>
public sealed class StoreProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _socket;
    private readonly Task<string> _errors;
    private bool _paused;

    private StoreProcess(Process process, string socket, Task<string> errors) => (_process, _socket, _errors) = (process, socket, errors);

    /// <summary>The program of the child.</summary>
    public static string Executable { get; } = Find();

    /// <summary>The engine behind the process.</summary>
    public StoreProcessEngine Engine { get; private set; } = null!;

    /// <summary>How long it took from the start of the process to the first answer.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    /// <summary>The process started: of a store run by another program, that program.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Starts a store; it answers when this returns.</summary>
    /// <param name="directory">Its data.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Gives up, and ends the process.</param>
    /// <exception cref="StoreProcessException">The store cannot be opened.</exception>
    public static async Task<StoreProcess> StartAsync(string directory, StoreProcessOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new StoreProcessOptions();
        var clock = TimeProvider.System;
        var started = clock.GetTimestamp();

        // Not in the store's directory: a store counts every file there, and a socket's path is short.
        var socket = Path.Combine(Path.GetTempPath(), $"kubeaspire-store-{Guid.NewGuid():n}.sock");
        var process = Process.Start(StartInfo(directory, socket, options))!;
        var store = new StoreProcess(process, socket, process.StandardError.ReadToEndAsync(CancellationToken.None));
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(options.Patience);
            if (await process.StandardOutput.ReadLineAsync(patience.Token) != StoreProtocol.Ready)
            {
                await process.WaitForExitAsync(patience.Token);
                throw new StoreProcessException(process.ExitCode, (await store._errors).Trim());
            }

            store.Engine = await StoreProcessEngine.ConnectAsync(socket, patience.Token);
            await store.Engine.RevisionsAsync(patience.Token);
            store.ReadyAfter = clock.GetElapsedTime(started);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a further store in the process, an empty one: of a silo its side of a store of the cluster, otherwise an embedded engine in a directory beside the process' own.</summary>
    /// <param name="name">The store's name.</param>
    /// <param name="clock">The store's clock in the process follows it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<OpenedStore> OpenStoreAsync(string name, ManualClock clock, CancellationToken cancellationToken) =>
        await OpenedStore.OpenAsync(await StoreProcessEngine.ConnectAsync(_socket, cancellationToken), name, clock, cancellationToken);

    /// <summary>Kills the process and all that it started with SIGKILL, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        _paused = false;
        await _process.WaitForExitAsync();
    }

    /// <summary>Stops the process where it stands, by SIGSTOP; no thread of it runs when this returns. Calls then wait.</summary>
    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        _paused = true;
        ProcessSignals.Pause(ProcessId);
        while (!ProcessSignals.IsPaused(ProcessId))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Lets a paused process go on.</summary>
    public void Resume()
    {
        ProcessSignals.Resume(ProcessId);
        _paused = false;
    }

    /// <summary>Waits until the process ends by itself.</summary>
    /// <returns>Its exit code; 128 + n for signal n.</returns>
    public async Task<int> WaitForExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>What the process wrote to its standard error. Ends when the process does.</summary>
    public Task<string> ErrorsAsync() => _errors;

    /// <summary>Closes the engine in order, and waits until the process is gone.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        await Engine.ShutdownAsync(cancellationToken);
        return await WaitForExitAsync(cancellationToken);
    }

    /// <summary>Ends the process in whatever state it is.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_paused && !_process.HasExited)
        {
            Resume();
        }

        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        if (Engine is not null)
        {
            await Engine.DisposeAsync();
        }

        _process.Dispose();
        File.Delete(_socket);
    }

    private static ProcessStartInfo StartInfo(string directory, string socket, StoreProcessOptions options)
    {
        var store = options.Store;
        (string Name, long Value)[] numbers =
        [
            (nameof(store.HistoryEvents), store.HistoryEvents), ("HistoryAgeMilliseconds", (long)store.HistoryAge.TotalMilliseconds),
            (nameof(store.HistoryBytes), store.HistoryBytes), (nameof(store.SegmentBytes), store.SegmentBytes),
            (nameof(store.SnapshotAfterLogBytes), store.SnapshotAfterLogBytes), (nameof(store.ReserveBytes), store.ReserveBytes),
            (nameof(store.AllocationBytes), store.AllocationBytes), ("SyncDelayMilliseconds", (long)options.SyncDelay.TotalMilliseconds),
        ];
        string[] command =
        [
            .. options.RunBy, Executable, "--directory", directory, "--socket", socket,
            .. options.Cluster is { } cluster ? new[] { "--redis", cluster.Redis, "--cluster", cluster.Name, "--name", cluster.Silo } : [],
            .. numbers.SelectMany(number => new[] { $"--{number.Name}", number.Value.ToString(CultureInfo.InvariantCulture) }),
        ];
        return new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
    }

    // Built beside every project that refers to Testing: artifacts/bin/<project>/<configuration>.
    private static string Find()
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(here.Parent!.Parent!.FullName, "StoreHost", here.Name, "KubeAspire.StoreHost");
    }
}
