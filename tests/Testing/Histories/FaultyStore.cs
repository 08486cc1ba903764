using KubeAspire.StateStore;
using KubeAspire.Testing.Processes;

namespace KubeAspire.Testing.Histories;

/// <summary>A store in a process to which something happens again and again while clients use it.</summary>
/// <param name="fault"><c>killed</c>: SIGKILL and a start on the same directory. <c>paused</c>: SIGSTOP for a while. <c>slow to sync</c>: every sync takes 15 ms longer.</param>
/// <param name="seed">Decides when.</param>
public sealed class FaultyStore(string fault, int seed) : IAsyncDisposable
{
    /// <summary>What can happen.</summary>
    public static IReadOnlyList<string> All { get; } = ["killed", "paused", "slow to sync"];

    private const int MostFaults = 4;
    private static readonly TimeSpan s_slowSync = TimeSpan.FromMilliseconds(15);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kubeaspire-history-");
    private readonly CancellationTokenSource _stop = new();
    private readonly Random _random = new(seed);
    private volatile TaskCompletionSource<StoreProcess> _current = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _faulting = Task.CompletedTask;

    /// <summary>How often something happened.</summary>
    public int Faults { get; private set; }

    /// <summary>Starts the store and what happens to it.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _current.SetResult(await OpenAsync(cancellationToken));
        if (fault == "slow to sync")
        {
            Faults = 1;
            return;
        }

        _faulting = Task.Run(FaultAsync, CancellationToken.None);
    }

    /// <summary>The engine of the process that lives, waited for.</summary>
    public async ValueTask<IStateEngine> EngineAsync(CancellationToken cancellationToken) => (await _current.Task.WaitAsync(cancellationToken)).Engine;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _faulting;
        if (_current.Task.IsCompletedSuccessfully)
        {
            await (await _current.Task).DisposeAsync();
        }

        _stop.Dispose();
        _directory.Delete(recursive: true);
    }

    private Task<StoreProcess> OpenAsync(CancellationToken cancellationToken) => StoreProcess.StartAsync(
        _directory.FullName,
        new StoreProcessOptions { SyncDelay = fault == "slow to sync" ? s_slowSync : default, Store = new StateStoreOptions { SnapshotAfterLogBytes = 64 * 1024 } },
        cancellationToken);

    private async Task FaultAsync()
    {
        try
        {
            while (Faults < MostFaults)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(20, 120)), TimeProvider.System, _stop.Token);
                var process = await _current.Task;
                if (fault == "paused")
                {
                    await process.PauseAsync(_stop.Token);
                    Faults++;
                    await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(200, 600)), TimeProvider.System, _stop.Token);
                    process.Resume();
                    continue;
                }

                // Who calls now waits for the next process; who is in a call learns that nobody knows how it ended.
                _current = new TaskCompletionSource<StoreProcess>(TaskCreationOptions.RunContinuationsAsynchronously);
                await process.KillAsync();
                Faults++;
                await process.DisposeAsync();
                _current.SetResult(await OpenAsync(CancellationToken.None));
            }
        }
        catch (OperationCanceledException)
        {
            // The history is over.
        }
    }
}
