using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace KubeAspire.ContainerRuntime.Docker;

/// <content>What goes on: events, logs, commands.</content>
public sealed partial class DockerContainerRuntime
{
    /// <summary>Header of a frame in a stream that carries two: kind, three zeros, length.</summary>
    private const int FrameHeaderBytes = 8;

    /// <summary>Largest piece handed on at once, bytes.</summary>
    private const int ChunkBytesMax = 32 << 10;

    /// <summary>Longest line of an event, characters.</summary>
    private const int EventCharsMax = 1 << 20;

    /// <inheritdoc/>
    public async IAsyncEnumerable<RuntimeEvent> WatchEventsAsync(
        IReadOnlyDictionary<string, string> labels, Action? connected, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filters = Filters(labels, ("type", "container"), ("event", "create"), ("event", "start"), ("event", "die"), ("event", "oom"), ("event", "destroy"));
        var opened = await _engine.OpenAsync(HttpMethod.Get, $"/events?filters={filters}", null, AnswerTimeout, cancellationToken);
        if (!opened.Succeeded)
        {
            yield break;
        }

        using var response = opened.Value;
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new StreamReader(stream);
        connected?.Invoke();
        while (await ReadLineAsync(reader, cancellationToken) is { } line)
        {
            if (line.Length is 0 or > EventCharsMax || JsonSerializer.Deserialize(line, DockerJson.Default.DockerEvent) is not { Actor.Id: { } id, Action: { } action } read)
            {
                continue;
            }

            yield return new RuntimeEvent(
                action, id, read.Actor.Attributes ?? new Dictionary<string, string>(), DateTimeOffset.UnixEpoch.AddTicks(read.TimeNano / 100));
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<LogChunk> ReadLogsAsync(string id, LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var inspected = await InspectAsync(id, cancellationToken);
        if (!inspected.Succeeded)
        {
            throw new ContainerRuntimeException(inspected.Error);
        }

        var path = $"/containers/{Uri.EscapeDataString(id)}/logs?follow={(query.Follow ? 1 : 0)}&stdout={(query.Stdout ? 1 : 0)}&stderr={(query.Stderr ? 1 : 0)}"
            + $"&timestamps={(query.Timestamps ? 1 : 0)}&tail={(query.Tail is { } tail ? tail.ToString() : "all")}"
            + (query.Since is { } since ? $"&since={Timestamp(since)}" : "");
        var opened = await _engine.OpenAsync(HttpMethod.Get, path, null, AnswerTimeout, cancellationToken);
        if (!opened.Succeeded)
        {
            throw new ContainerRuntimeException(opened.Error);
        }

        using var response = opened.Value;
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var chunk in ReadChunksAsync(stream, inspected.Value.Tty, cancellationToken))
        {
            yield return chunk;
        }
    }

    /// <inheritdoc/>
    public async Task<RuntimeResult<ExecResult>> ExecAsync(string id, ExecSpec spec, CancellationToken cancellationToken)
    {
        var created = await _engine.CallAsync(
            HttpMethod.Post, $"/containers/{Uri.EscapeDataString(id)}/exec",
            DockerEngine.Json(new DockerExecConfig(true, true, spec.Command), DockerJson.Default.DockerExecConfig),
            DockerJson.Default.DockerCreated, AnswerTimeout, cancellationToken);
        if (!created.Succeeded)
        {
            return created.Error;
        }

        using var limit = new CancellationTokenSource(spec.Timeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var output = await RunExecAsync(created.Value.Id, spec, both.Token);
            if (!output.Succeeded)
            {
                return output.Error;
            }

            var state = await _engine.CallAsync(HttpMethod.Get, $"/exec/{created.Value.Id}/json", null, DockerJson.Default.DockerExecState, AnswerTimeout, cancellationToken);
            return state.Succeeded ? new ExecResult(state.Value.ExitCode ?? 0, output.Value) : state.Error;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new RuntimeError(RuntimeErrorKind.Timeout, $"command timed out: \"{string.Join(' ', spec.Command)}\" timed out after {spec.Timeout.TotalSeconds:0.###}s");
        }
    }

    /// <inheritdoc/>
    public async Task<RuntimeResult<ContainerStream>> OpenExecAsync(string id, ExecStreamSpec spec, CancellationToken cancellationToken)
    {
        var config = new DockerExecConfig(spec.Stdout, spec.Stderr, spec.Command) { AttachStdin = spec.Stdin, Tty = spec.Tty };
        var created = await _engine.CallAsync(
            HttpMethod.Post, $"/containers/{Uri.EscapeDataString(id)}/exec", DockerEngine.Json(config, DockerJson.Default.DockerExecConfig),
            DockerJson.Default.DockerCreated, AnswerTimeout, cancellationToken);
        if (!created.Succeeded)
        {
            return created.Error;
        }

        var start = DockerEngine.Json(new DockerExecStart(false, spec.Tty), DockerJson.Default.DockerExecStart);
        var opened = await _engine.HijackAsync($"/exec/{created.Value.Id}/start", start, AnswerTimeout, cancellationToken);
        return opened.Succeeded ? new DockerStream(_engine, opened.Value, spec.Tty, $"/exec/{created.Value.Id}", isExec: true, _clock) : opened.Error;
    }

    /// <inheritdoc/>
    public async Task<RuntimeResult<ContainerStream>> AttachAsync(string id, AttachSpec spec, CancellationToken cancellationToken)
    {
        var path = $"/containers/{Uri.EscapeDataString(id)}";
        var opened = await _engine.HijackAsync(
            $"{path}/attach?stream=1&stdin={(spec.Stdin ? 1 : 0)}&stdout={(spec.Stdout ? 1 : 0)}&stderr={(spec.Stderr ? 1 : 0)}", null, AnswerTimeout, cancellationToken);
        return opened.Succeeded ? new DockerStream(_engine, opened.Value, spec.Tty, path, isExec: false, _clock) : opened.Error;
    }

    private async Task<RuntimeResult<string>> RunExecAsync(string execId, ExecSpec spec, CancellationToken cancellationToken)
    {
        // Without an Upgrade header the Engine answers 200 and then the raw stream until the command ends.
        var opened = await _engine.OpenAsync(
            HttpMethod.Post, $"/exec/{execId}/start", DockerEngine.Json(new DockerExecStart(false, false), DockerJson.Default.DockerExecStart), AnswerTimeout, cancellationToken);
        if (!opened.Succeeded)
        {
            return opened.Error;
        }

        using var response = opened.Value;
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var output = new ArrayBufferWriter<byte>();
        await foreach (var chunk in ReadChunksAsync(stream, raw: false, cancellationToken))
        {
            var room = Math.Min(chunk.Bytes.Length, spec.OutputBytesMax - output.WrittenCount);
            output.Write(chunk.Bytes.Span[..room]);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    // Without a terminal, standard output and error share the stream in frames; with one it is raw.
    internal static async IAsyncEnumerable<LogChunk> ReadChunksAsync(Stream stream, bool raw, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytesMax);
        try
        {
            while (true)
            {
                if (raw)
                {
                    var read = await ReadSomeAsync(stream, buffer, cancellationToken);
                    if (read == 0)
                    {
                        yield break;
                    }

                    yield return new LogChunk(false, buffer.AsMemory(0, read));
                    continue;
                }

                if (await ReadFullyAsync(stream, buffer.AsMemory(0, FrameHeaderBytes), cancellationToken) < FrameHeaderBytes)
                {
                    yield break;
                }

                var stderr = buffer[0] == 2;
                var left = BinaryPrimitives.ReadUInt32BigEndian(buffer.AsSpan(4, 4));
                while (left > 0)
                {
                    var piece = (int)Math.Min(left, ChunkBytesMax);
                    var read = await ReadFullyAsync(stream, buffer.AsMemory(0, piece), cancellationToken);
                    if (read == 0)
                    {
                        yield break;
                    }

                    yield return new LogChunk(stderr, buffer.AsMemory(0, read));
                    left -= (uint)read;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // A connection that the Engine drops ends a stream as its end does: the caller looks at the container next.
    private static async Task<int> ReadSomeAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return 0;
        }
    }

    private static async Task<int> ReadFullyAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var filled = 0;
        while (filled < buffer.Length)
        {
            var read = await ReadSomeAsync(stream, buffer[filled..], cancellationToken);
            if (read == 0)
            {
                break;
            }

            filled += read;
        }

        return filled;
    }

    private static async Task<string?> ReadLineAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            return null;
        }
    }
}
