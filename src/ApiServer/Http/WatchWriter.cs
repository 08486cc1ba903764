using System.Buffers;
using System.IO.Pipelines;
using KubeAspire.ApiServer.Requests;
using KubeAspire.StateStore;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace KubeAspire.ApiServer.Http;

/// <summary>Writes a watch: lines of JSON, frames of protobuf, or messages of a WebSocket. A client that leaves its buffer full is cut off: it can resume from its last revision.</summary>
internal sealed class WatchWriter(TimeProvider clock, ProtobufAnswers protobuf)
{
    public async Task WriteAsync(HttpContext http, ApiRequest request, Accepted accepted, WatchAnswer watch)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null; // A quiet watch is no slow client.
        }

        if (WebSocketWatch.IsAsked(http))
        {
            var begun = true;
            await new WebSocketWatch(clock).RunAsync(http, watch, accepted.Format == AnswerFormat.Protobuf, (buffer, frame) => Write(buffer, request, accepted, watch, frame, ref begun));
            return;
        }

        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = accepted.Format == AnswerFormat.Protobuf ? Accepted.ProtobufType + ";stream=watch" : Accepted.JsonType;
        await http.Response.StartAsync(http.RequestAborted);
        var writer = http.Response.BodyWriter;
        await writer.FlushAsync(http.RequestAborted); // The client learns at once that the watch stands.
        var first = true;
        try
        {
            await foreach (var batch in watch.Batches.WithCancellation(http.RequestAborted))
            {
                foreach (var frame in batch)
                {
                    Write(writer, request, accepted, watch, frame, ref first);
                    if (writer.UnflushedBytes >= ApiLimits.ListChunkBytes)
                    {
                        await FlushAsync(writer, http);
                    }
                }

                await FlushAsync(writer, http);
            }
        }
        catch (OperationCanceledException)
        {
            // The client went, or was too slow, or the server stops.
        }
    }

    private async ValueTask FlushAsync(PipeWriter writer, HttpContext http)
    {
        var flushed = writer.FlushAsync(http.RequestAborted);
        if (flushed.IsCompleted)
        {
            await flushed;
            return;
        }

        try
        {
            await flushed.AsTask().WaitAsync(ApiLimits.SlowWatcher, clock, http.RequestAborted);
        }
        catch (TimeoutException)
        {
            http.Abort();
            throw new OperationCanceledException();
        }
    }

    private void Write(IBufferWriter<byte> writer, ApiRequest request, Accepted accepted, WatchAnswer watch, WatchFrame frame, ref bool first)
    {
        var json = frame.Error is { } error ? AnswerWriter.StatusOf(error) : frame.Object;
        if (accepted.Format == AnswerFormat.Protobuf)
        {
            writer.Write(protobuf.Frame(
                frame.Type, json, frame.Entry, watch.Kind, accepted.Shape == AnswerShape.Metadata ? accepted.Version : null, isStatus: frame.Error is not null));
            return;
        }

        writer.Write(frame.Type switch
        {
            "ADDED" => "{\"type\":\"ADDED\",\"object\":"u8,
            "MODIFIED" => "{\"type\":\"MODIFIED\",\"object\":"u8,
            "DELETED" => "{\"type\":\"DELETED\",\"object\":"u8,
            "BOOKMARK" => "{\"type\":\"BOOKMARK\",\"object\":"u8,
            _ => "{\"type\":\"ERROR\",\"object\":"u8,
        });
        if (frame.Error is null && accepted.Shape == AnswerShape.Metadata)
        {
            json = AnswerWriter.MetadataOf(json, accepted.Version);
        }
        else if (frame.Error is null && accepted.Shape == AnswerShape.Table)
        {
            json = Table(request, accepted, watch, frame, first);
            first = false;
        }

        writer.Write(json.Span);
        writer.Write("}\n"u8);
    }

    private ReadOnlyMemory<byte> Table(ApiRequest request, Accepted accepted, WatchAnswer watch, WatchFrame frame, bool columns)
    {
        var include = request.Query["includeObject"];
        var entry = frame.Entry ?? new StateEntry(default, 0, 0, frame.Object, -1);
        var table = new TableWriter(watch.Kind, accepted.Version, include, clock.GetUtcNow());
        return table.Write([(entry, frame.Object)], null, "", null, columns, bookmark: frame.Type == "BOOKMARK");
    }
}
