using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using KubeAspire.ContainerRuntime;

namespace KubeAspire.Testing.Runtime;

/// <summary>A process that a test plays: it reads what the client sends and says what it likes.</summary>
public sealed class FakeContainerStream : ContainerStream
{
    private readonly Pipe _input = new(new PipeOptions(useSynchronizationContext: false));
    private readonly Channel<(bool Stderr, byte[] Bytes)> _output = Channel.CreateUnbounded<(bool, byte[])>();
    private readonly TaskCompletionSource<int?> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<(int Columns, int Rows)> _sizes = Channel.CreateUnbounded<(int, int)>();

    /// <summary>What the client sent; ends where it closed the input.</summary>
    public PipeReader Input => _input.Reader;

    /// <summary>Sizes that the terminal was given.</summary>
    public ChannelReader<(int Columns, int Rows)> Sizes => _sizes.Reader;

    /// <summary>Ends when the process is let go of.</summary>
    public Task Disposed => _disposed.Task;

    /// <summary>The process says something.</summary>
    public void Say(byte[] bytes, bool stderr = false) => _output.Writer.TryWrite((stderr, bytes));

    /// <summary>The process ends.</summary>
    public void Exit(int? code)
    {
        _exit.TrySetResult(code);
        _output.Writer.TryComplete();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => await _input.Writer.WriteAsync(bytes, cancellationToken);

    public override void CloseInput() => _input.Writer.Complete();

    public override async IAsyncEnumerable<LogChunk> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (stderr, bytes) in _output.Reader.ReadAllAsync(cancellationToken))
        {
            yield return new LogChunk(stderr, bytes);
        }
    }

    public override Task<RuntimeError?> ResizeAsync(int columns, int rows, CancellationToken cancellationToken)
    {
        _sizes.Writer.TryWrite((columns, rows));
        return Task.FromResult<RuntimeError?>(null);
    }

    public override Task<int?> GetExitCodeAsync(CancellationToken cancellationToken) => _exit.Task.WaitAsync(cancellationToken);

    public override ValueTask DisposeAsync()
    {
        _disposed.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
