using System.Collections.Concurrent;
using System.Threading.Channels;
using KubeAspire.StateStore;
using KubeAspire.Testing;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StoreHost;

/// <summary>Serves one client's calls, many at once.</summary>
/// <param name="engine">The process' store.</param>
/// <param name="open">Opens a further store.</param>
/// <param name="stream">The way to the client.</param>
/// <param name="shutdown">Lets the process leave.</param>
/// <param name="leaving">Cancelled when the process leaves: no call is begun any more, and waits for watches end.</param>
internal sealed class StoreConnection(IStateEngine engine, StoreOpener open, Stream stream, Action shutdown, CancellationToken leaving)
{
    /// <summary>Answers waiting for a client that does not read. 1,024.</summary>
    private const int MostAnswers = 1_024;

    private readonly ConcurrentDictionary<long, CancellationTokenSource> _calls = new();
    private readonly ConcurrentDictionary<long, IStateWatch> _watches = new();
    private readonly Channel<byte[]> _answers = Channel.CreateBounded<byte[]>(MostAnswers);
    private readonly ManualClock _clock = new();
    private OpenedStore? _opened;
    private int _unanswered;

    /// <summary>Calls begun and not yet answered.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    private IStateEngine Engine => _opened?.Engine ?? engine;

    public async Task RunAsync()
    {
        var writing = WriteAsync();
        try
        {
            while (await StoreProtocol.ReadFrameAsync(stream, CancellationToken.None) is { } request)
            {
                Accept(request);
            }
        }
        catch (IOException)
        {
            // The client went.
        }
        finally
        {
            _answers.Writer.TryComplete();
            foreach (var watch in _watches.Values)
            {
                watch.Dispose();
            }

            foreach (var call in _calls.Values)
            {
                await call.CancelAsync();
            }
        }

        await writing;
        await CloseAsync();
    }

    // Watches begin and end, waits begin, and time goes on in the order of the requests; everything else runs beside the others.
    private void Accept(BinaryReader request)
    {
        var call = request.ReadInt64();
        var operation = (StoreOperation)request.ReadByte();
        switch (operation)
        {
            case StoreOperation.Watch:
                _watches[request.ReadInt64()] = Engine.Watch(request.ReadRange(), request.ReadInt64());
                break;
            case StoreOperation.WatchEnd:
                if (_watches.TryRemove(request.ReadInt64(), out var watch))
                {
                    watch.Dispose();
                }

                break;
            case StoreOperation.Cancel:
                if (_calls.TryGetValue(call, out var running))
                {
                    running.Cancel();
                }

                break;
            case StoreOperation.Shutdown:
                shutdown();
                break;
            default:
                // Counted first: whoever sees none unanswered after the leave began knows that none comes.
                Interlocked.Increment(ref _unanswered);
                var cancellation = _calls[call] = new CancellationTokenSource();
                _ = operation is StoreOperation.WatchNext or StoreOperation.Advance
                    ? AnswerAsync(call, operation, request, cancellation)
                    : Task.Run(() => AnswerAsync(call, operation, request, cancellation), CancellationToken.None);
                break;
        }
    }

    private async Task AnswerAsync(long call, StoreOperation operation, BinaryReader request, CancellationTokenSource cancellation)
    {
        var status = StoreStatus.Ok;
        Action<BinaryWriter> fields = static _ => { };
        try
        {
            if (leaving.IsCancellationRequested)
            {
                status = StoreStatus.Leaving;
            }
            else
            {
                fields = await CallAsync(operation, request, cancellation.Token);
            }
        }
        catch (OperationCanceledException) when (operation == StoreOperation.WatchNext && leaving.IsCancellationRequested)
        {
            status = StoreStatus.Leaving;
        }
#pragma warning disable CA1031 // Whatever the engine throws is the client's to judge.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            status = exception switch { OperationCanceledException => StoreStatus.Cancelled, ArgumentException => StoreStatus.Argument, ObjectDisposedException => StoreStatus.Closed, _ => StoreStatus.Failed };
            fields = answer => answer.Write($"{exception.GetType().Name}: {exception.Message}");
        }

        _calls.TryRemove(call, out _);
        try
        {
            await _answers.Writer.WriteAsync(StoreProtocol.Frame(call, (byte)status, fields), CancellationToken.None);
        }
        catch (ChannelClosedException)
        {
            // The client went.
            Interlocked.Decrement(ref _unanswered);
        }
    }

    private async Task<Action<BinaryWriter>> CallAsync(StoreOperation operation, BinaryReader request, CancellationToken cancellationToken)
    {
        switch (operation)
        {
            case StoreOperation.Revisions:
                var (revision, compacted) = (Engine.Revision, Engine.CompactedRevision);
                return answer =>
                {
                    answer.Write(revision);
                    answer.Write(compacted);
                };
            case StoreOperation.Get:
                var entry = await Engine.GetAsync(request.ReadKey(), cancellationToken);
                return answer => answer.WriteEntry(entry);
            case StoreOperation.List:
                var page = await Engine.ListAsync(
                    request.ReadRange(), request.ReadInt64(), request.ReadInt32(), request.ReadBoolean() ? request.ReadKey() : null, cancellationToken);
                return answer => answer.Write(page);
            case StoreOperation.Create:
                var created = await Engine.CreateAsync(request.ReadKey(), request.ReadValue(), cancellationToken);
                return answer => answer.Write(created);
            case StoreOperation.Update:
                var updated = await Engine.UpdateAsync(request.ReadKey(), request.ReadValue(), request.ReadInt64(), cancellationToken);
                return answer => answer.Write(updated);
            case StoreOperation.Delete:
                var deleted = await Engine.DeleteAsync(request.ReadKey(), request.ReadInt64(), cancellationToken);
                return answer => answer.Write(deleted);
            case StoreOperation.Compact:
                await Engine.CompactAsync(request.ReadInt64(), cancellationToken);
                return _ => { };
            case StoreOperation.WatchNext:
                using (var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, leaving))
                {
                    var batch = await _watches[request.ReadInt64()].NextAsync(TimeSpan.FromMilliseconds(request.ReadDouble()), waiting.Token);
                    return answer => answer.Write(batch);
                }
            case StoreOperation.OpenStore:
                await CloseAsync();
                _opened = await open(request.ReadString(), request.ReadBoolean() ? _clock : TimeProvider.System, cancellationToken);
                return _ => { };
            case StoreOperation.CloseStore:
                await CloseAsync();
                return _ => { };
            case StoreOperation.Advance:
                _clock.Advance(TimeSpan.FromTicks(request.ReadInt64()));
                return _ => { };
            default:
                throw new InvalidDataException($"No operation {operation}.");
        }
    }

    private ValueTask CloseAsync() => _opened?.CloseAsync() ?? ValueTask.CompletedTask;

    // Ends when the client is gone: it will never know how its last calls ended.
    private async Task WriteAsync()
    {
        try
        {
            await foreach (var answer in _answers.Reader.ReadAllAsync())
            {
                await stream.WriteAsync(answer);
                Interlocked.Decrement(ref _unanswered);
            }
        }
        catch (IOException)
        {
            _answers.Writer.TryComplete();
        }
    }
}
