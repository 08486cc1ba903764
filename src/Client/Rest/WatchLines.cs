using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace KubeAspire.Client.Rest;

/// <summary>Reads a watch's answer: one JSON object a line.</summary>
internal static class WatchLines
{
    /// <summary>Longest line: an object of the largest size the API server stores, escaped, and room to spare. 16 MiB.</summary>
    public const int LineBytesMax = 16 << 20;

    /// <summary>Decodes the events of a stream until it ends.</summary>
    /// <exception cref="HttpRequestException">The connection broke, or what came is no watch.</exception>
    public static async IAsyncEnumerable<WatchEvent<T>> ReadAsync<T>(Stream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        var reader = PipeReader.Create(stream);
        try
        {
            while (true)
            {
                var (buffer, completed) = await NextAsync(reader, cancellationToken);
                while (TryTakeLine(ref buffer, completed, out var line))
                {
                    if (!IsBlank(line))
                    {
                        yield return Decode<T>(line);
                    }
                }

                if (buffer.Length > LineBytesMax)
                {
                    throw new HttpRequestException($"a watch event is longer than {LineBytesMax} bytes");
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
                if (completed)
                {
                    yield break;
                }
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static async ValueTask<(ReadOnlySequence<byte> Buffer, bool Completed)> NextAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        try
        {
            var read = await reader.ReadAsync(cancellationToken);
            return (read.Buffer, read.IsCompleted);
        }
        catch (IOException exception)
        {
            throw new HttpRequestException($"the watch broke off: {exception.Message}", exception);
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> buffer, bool completed, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return true;
        }

        // The last line may lack its end.
        line = buffer;
        if (!completed || buffer.IsEmpty)
        {
            return false;
        }

        buffer = buffer.Slice(buffer.End);
        return true;
    }

    private static bool IsBlank(ReadOnlySequence<byte> line) => line.Length < 2;

    private static WatchEvent<T> Decode<T>(ReadOnlySequence<byte> line)
        where T : class
    {
        try
        {
            if (line.IsSingleSegment)
            {
                return RestBodies.ReadEvent<T>(line.FirstSpan);
            }

            var rented = ArrayPool<byte>.Shared.Rent((int)line.Length);
            try
            {
                line.CopyTo(rented);
                return RestBodies.ReadEvent<T>(rented.AsSpan(0, (int)line.Length));
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
        catch (JsonException exception)
        {
            // Cut off in the middle of a line: the connection's fault, and a reason to begin again.
            throw new HttpRequestException($"a watch event cannot be read: {exception.Message}", exception);
        }
    }
}
