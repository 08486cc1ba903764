using KubeAspire.ContainerRuntime;

namespace KubeAspire.NodeAgent.Streaming.Remote;

/// <summary>Brings a client and a process together until either ends.</summary>
internal static class RemoteCommand
{
    /// <summary>Carries bytes both ways. Returns when the process has ended and the client was told, or when the client has gone.</summary>
    /// <param name="client">The client.</param>
    /// <param name="options">Which streams.</param>
    /// <param name="process">The process. Let go of on return.</param>
    /// <param name="cancellationToken">The client went, or the time is over.</param>
    public static async Task RunAsync(RemoteStreams client, RemoteOptions options, ContainerStream process, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var input = PumpInputAsync(client, options, process, ended.Token);
        var sizes = PumpSizesAsync(client, process, ended.Token);
        RemoteOutcome outcome;
        try
        {
            await PumpOutputAsync(client, options, process, cancellationToken);
            outcome = await process.GetExitCodeAsync(cancellationToken) is { } code ? RemoteOutcome.Exited(code) : RemoteOutcome.Success;
        }
        catch (ContainerRuntimeException exception)
        {
            outcome = RemoteOutcome.Failed(exception.Error.Message);
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(input, sizes);
            await process.DisposeAsync();
        }

        await client.FinishAsync(outcome, cancellationToken);
    }

    private static async Task PumpOutputAsync(RemoteStreams client, RemoteOptions options, ContainerStream process, CancellationToken cancellationToken)
    {
        await foreach (var chunk in process.ReadAsync(cancellationToken))
        {
            if (chunk.Stderr ? options.Stderr : options.Stdout)
            {
                await client.WriteAsync(chunk.Stderr, chunk.Bytes, cancellationToken);
            }
        }
    }

    private static async Task PumpInputAsync(RemoteStreams client, RemoteOptions options, ContainerStream process, CancellationToken cancellationToken)
    {
        try
        {
            if (!options.Stdin)
            {
                return; // Not even its end: the process was given no input.
            }

            while (true)
            {
                var read = await client.Input.ReadAsync(cancellationToken);
                foreach (var segment in read.Buffer)
                {
                    await process.WriteAsync(segment, cancellationToken);
                }

                client.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    process.CloseInput();
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The process reads no more; what it says still counts.
        }
        finally
        {
            await client.Input.CompleteAsync();
        }
    }

    private static async Task PumpSizesAsync(RemoteStreams client, ContainerStream process, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var size in client.Sizes.ReadAllAsync(cancellationToken))
            {
                await process.ResizeAsync(size.Columns, size.Rows, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The process has ended.
        }
    }
}
