namespace KubeAspire.ContainerRuntime.Docker;

/// <summary>A hijacked connection to a command or to a container's own process.</summary>
internal sealed class DockerStream(DockerEngine engine, DockerConnection connection, bool tty, string path, bool isExec, TimeProvider clock) : ContainerStream
{
    /// <summary>How often something is asked again that the Engine is not ready for: the process starts after the connection is open, and ends before its state says so.</summary>
    private const int AttemptsMax = 40;

    /// <summary>Wait between two attempts. 50 ms.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => await connection.Stream.WriteAsync(bytes, cancellationToken);

    public override void CloseInput() => connection.CloseInput();

    public override IAsyncEnumerable<LogChunk> ReadAsync(CancellationToken cancellationToken) =>
        DockerContainerRuntime.ReadChunksAsync(connection.Stream, raw: tty, cancellationToken);

    public override async Task<RuntimeError?> ResizeAsync(int columns, int rows, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var error = await engine.CallAsync(HttpMethod.Post, $"{path}/resize?h={rows}&w={columns}", null, DockerContainerRuntime.AnswerTimeout, cancellationToken);
            if (error is null || attempt == AttemptsMax)
            {
                return error;
            }

            await Task.Delay(s_pause, clock, cancellationToken);
        }
    }

    public override async Task<int?> GetExitCodeAsync(CancellationToken cancellationToken)
    {
        if (!isExec)
        {
            return null;
        }

        for (var attempt = 1; ; attempt++)
        {
            var state = await engine.CallAsync(HttpMethod.Get, $"{path}/json", null, DockerJson.Default.DockerExecState, DockerContainerRuntime.AnswerTimeout, cancellationToken);
            if (!state.Succeeded)
            {
                throw new ContainerRuntimeException(state.Error);
            }

            if (state.Value is { Running: false, ExitCode: { } code })
            {
                return code;
            }

            if (attempt == AttemptsMax)
            {
                throw new ContainerRuntimeException(new RuntimeError(RuntimeErrorKind.Timeout, "the command closed its streams and did not end"));
            }

            await Task.Delay(s_pause, clock, cancellationToken);
        }
    }

    public override ValueTask DisposeAsync() => connection.DisposeAsync();
}
