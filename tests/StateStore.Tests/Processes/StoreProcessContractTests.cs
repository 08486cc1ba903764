using KubeAspire.Testing;
using KubeAspire.Testing.Processes;
using KubeAspire.Testing.StateEngineContract;

[assembly: AssemblyFixture(typeof(KubeAspire.StateStore.Tests.Processes.SharedProcess))]

namespace KubeAspire.StateStore.Tests.Processes;

public sealed class StoreProcessWriteTests() : StateEngineWriteSuite(new ProcessStore());

public sealed class StoreProcessListTests() : StateEngineListSuite(new ProcessStore());

public sealed class StoreProcessWatchTests() : StateEngineWatchSuite(new ProcessStore());

/// <summary>A process in which each test has a store of its own.</summary>
public sealed class SharedProcess : IAsyncDisposable
{
    private static readonly SemaphoreSlim s_starting = new(1);
    private static DirectoryInfo? s_directory;
    private static StoreProcess? s_process;

    /// <summary>The process, started when it is first asked for.</summary>
    public static async Task<StoreProcess> GetAsync()
    {
        await s_starting.WaitAsync();
        try
        {
            s_directory ??= Directory.CreateTempSubdirectory("kubeaspire-process-");
            return s_process ??= await StoreProcess.StartAsync(Path.Combine(s_directory.FullName, "own"), cancellationToken: CancellationToken.None);
        }
        finally
        {
            s_starting.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (s_process is { } process)
        {
            await process.DisposeAsync();
        }

        s_directory?.Delete(recursive: true);
    }
}

internal sealed class ProcessStore : IContractStore
{
    private OpenedStore? _store;

    public async Task<IStateEngine> OpenAsync(ManualClock clock)
    {
        var process = await SharedProcess.GetAsync();
        return _store = await process.OpenStoreAsync($"{Guid.NewGuid():n}", clock, TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => _store is { } store ? new ValueTask(store.CloseAsync()) : ValueTask.CompletedTask;
}
