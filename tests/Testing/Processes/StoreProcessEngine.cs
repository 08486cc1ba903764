using System.Collections.Concurrent;
using System.Net.Sockets;
using KubeAspire.StateStore;

namespace KubeAspire.Testing.Processes;

/// <summary>The process ended, or its connection did, while a call was in flight: whether the call took place is not known.</summary>
public sealed class StoreProcessEndedException() : IOException("The store's process ended; whether the call took place is not known.");

/// <summary>The process had gone before the call was made, or was leaving: the call did not take place, and may be made elsewhere.</summary>
public sealed class StoreProcessGoneException() : IOException("The store's process is gone or leaving; the call did not take place.");

/// <summary>The engine of a <see cref="StoreProcess"/>. Methods may be called from any thread, many at once.</summary>
public sealed class StoreProcessEngine : IStateEngine
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<BinaryReader>> _calls = new();
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Task _reading;
    private long _lastCall;
    private bool _ended;

    private StoreProcessEngine(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reading = ReadAsync();
    }

    /// <summary>Asks the process, and holds the thread until it answers; <see cref="RevisionsAsync"/> does not.</summary>
    public long Revision => RevisionsAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult().Revision;

    /// <summary>Asks the process, and holds the thread until it answers; <see cref="RevisionsAsync"/> does not.</summary>
    public long CompactedRevision => RevisionsAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult().Compacted;

    internal static async Task<StoreProcessEngine> ConnectAsync(string socket, CancellationToken cancellationToken)
    {
        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
        return new StoreProcessEngine(connection);
    }

    /// <summary>The newest durable revision and the one compacted to.</summary>
    public async ValueTask<(long Revision, long Compacted)> RevisionsAsync(CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(StoreOperation.Revisions, _ => { }, cancellationToken);
        return (answer.ReadInt64(), answer.ReadInt64());
    }

    /// <inheritdoc/>
    public async ValueTask<StateEntry?> GetAsync(StateKey key, CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(StoreOperation.Get, request => request.Write(key), cancellationToken);
        return answer.ReadEntry();
    }

    /// <inheritdoc/>
    public async ValueTask<StatePage> ListAsync(StateRange range, long revision, int limit, StateKey? after, CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(
            StoreOperation.List,
            request =>
            {
                request.Write(range);
                request.Write(revision);
                request.Write(limit);
                request.WriteOptional(after, key => request.Write(key!.Value));
            },
            cancellationToken);
        return answer.ReadPage();
    }

    /// <inheritdoc/>
    public ValueTask<StateWrite> CreateAsync(StateKey key, StateValue value, CancellationToken cancellationToken) => WriteAsync(
        StoreOperation.Create,
        request =>
        {
            request.Write(key);
            request.Write(value);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> UpdateAsync(StateKey key, StateValue value, long expectedRevision, CancellationToken cancellationToken) => WriteAsync(
        StoreOperation.Update,
        request =>
        {
            request.Write(key);
            request.Write(value);
            request.Write(expectedRevision);
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<StateWrite> DeleteAsync(StateKey key, long expectedRevision, CancellationToken cancellationToken) => WriteAsync(
        StoreOperation.Delete,
        request =>
        {
            request.Write(key);
            request.Write(expectedRevision);
        },
        cancellationToken);

    /// <inheritdoc/>
    public IStateWatch Watch(StateRange range, long afterRevision)
    {
        var number = Interlocked.Increment(ref _lastCall);
        Send(StoreProtocol.Frame(number, (byte)StoreOperation.Watch, request =>
        {
            request.Write(number);
            request.Write(range);
            request.Write(afterRevision);
        }));
        return new ProcessWatch(this, number);
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(StoreOperation.Compact, request => request.Write(revision), cancellationToken);
    }

    /// <summary>Closes the connection, not the process.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _reading;
        _socket.Dispose();
    }

    /// <summary>Opens a further store in the process; of a silo, its side of one. From then on this connection's calls go to it; watches opened before have ended.</summary>
    /// <param name="name">The store's name.</param>
    /// <param name="manualClock">Whether it is on a clock that begins where <see cref="ManualClock"/> does and is moved by <see cref="AdvanceAsync"/>, not on the system's.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task OpenStoreAsync(string name, bool manualClock, CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(
            StoreOperation.OpenStore,
            request =>
            {
                request.Write(name);
                request.Write(manualClock);
            },
            cancellationToken);
    }

    /// <summary>Closes what <see cref="OpenStoreAsync"/> opened; calls then go to the closed one.</summary>
    internal async Task CloseStoreAsync()
    {
        using var answer = await CallAsync(StoreOperation.CloseStore, _ => { }, CancellationToken.None);
    }

    /// <summary>Advances the opened store's clock; it has gone on when this returns.</summary>
    internal async Task AdvanceAsync(TimeSpan by)
    {
        using var answer = await CallAsync(StoreOperation.Advance, request => request.Write(by.Ticks), CancellationToken.None);
    }

    internal async Task ShutdownAsync(CancellationToken cancellationToken)
    {
        Send(StoreProtocol.Frame(0, (byte)StoreOperation.Shutdown, null));
        await _reading.WaitAsync(cancellationToken);
    }

    private async ValueTask<StateWrite> WriteAsync(StoreOperation operation, Action<BinaryWriter> fields, CancellationToken cancellationToken)
    {
        using var answer = await CallAsync(operation, fields, cancellationToken);
        return answer.ReadWrite();
    }

    private async Task<BinaryReader> CallAsync(StoreOperation operation, Action<BinaryWriter> fields, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Volatile.Read(ref _ended))
        {
            throw new StoreProcessGoneException();
        }

        var call = Interlocked.Increment(ref _lastCall);
        var completion = _calls[call] = new TaskCompletionSource<BinaryReader>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Volatile.Read(ref _ended))
        {
            EndCalls();
        }

        Send(StoreProtocol.Frame(call, (byte)operation, fields));

        // As of the engine itself: the token is heard until the write is queued, from then on the call ends with its true outcome.
        using var cancelling = cancellationToken.UnsafeRegister(
            state => ((StoreProcessEngine)state!).Send(StoreProtocol.Frame(call, (byte)StoreOperation.Cancel, null)), this);
        var answer = await completion.Task;
        return (StoreStatus)answer.ReadByte() switch
        {
            StoreStatus.Ok => answer,
            StoreStatus.Cancelled => throw new OperationCanceledException(cancellationToken),
            StoreStatus.Argument => throw new ArgumentException(answer.ReadString()),
            StoreStatus.Closed => throw new ObjectDisposedException(nameof(IStateEngine), answer.ReadString()),
            StoreStatus.Leaving => throw new StoreProcessGoneException(),
            _ => throw new StateStoreException(answer.ReadString()),
        };
    }

    // A paused process takes nothing out of the socket: no caller's thread is held up by that.
    private void Send(byte[] frame) => _ = SendAsync(frame);

    private async Task SendAsync(byte[] frame)
    {
        // Tasks wait in order of their coming, so a watch is opened before it is asked.
        await _writing.WaitAsync();
        try
        {
            await _stream.WriteAsync(frame);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The reading side ends the calls.
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await StoreProtocol.ReadFrameAsync(_stream, CancellationToken.None) is { } answer)
            {
                if (_calls.TryRemove(answer.ReadInt64(), out var call))
                {
                    call.SetResult(answer);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // Killed, or closed from here.
        }

        Volatile.Write(ref _ended, true);
        EndCalls();
    }

    private void EndCalls()
    {
        foreach (var number in _calls.Keys)
        {
            if (_calls.TryRemove(number, out var call))
            {
                call.SetException(new StoreProcessEndedException());
            }
        }
    }

    private sealed class ProcessWatch(StoreProcessEngine engine, long number) : IStateWatch
    {
        public async ValueTask<StateWatchBatch> NextAsync(TimeSpan maxWait, CancellationToken cancellationToken)
        {
            using var answer = await engine.CallAsync(
                StoreOperation.WatchNext,
                request =>
                {
                    request.Write(number);
                    request.Write(maxWait.TotalMilliseconds);
                },
                cancellationToken);
            return answer.ReadBatch();
        }

        public void Dispose() => engine.Send(StoreProtocol.Frame(number, (byte)StoreOperation.WatchEnd, request => request.Write(number)));
    }
}
