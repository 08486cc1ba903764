using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Client.Events;

/// <summary>Writes core/v1 Events in the background: what repeats raises a count, what floods is aggregated or dropped.</summary>
/// <param name="client">Where Events are written.</param>
/// <param name="component">Who reports, such as <c>default-scheduler</c>: <c>source.component</c>.</param>
/// <param name="host">The node that reports; null for a component that belongs to none.</param>
/// <param name="clock">Gives the Events' times.</param>
/// <param name="logger">Hears of Events that could not be written.</param>
public sealed class EventRecorder(IApiClient client, string component, string? host, TimeProvider clock, ILogger<EventRecorder> logger)
    : BackgroundService, IEventRecorder
{
    /// <summary>Events that wait to be written; more are dropped. 1000, client-go's queue.</summary>
    public const int QueueMax = 1000;

    /// <summary>Longest message. 1024 bytes, upstream's validation.</summary>
    public const int MessageBytesMax = 1024;

    /// <summary>Attempts to write one Event. 5.</summary>
    public const int AttemptsMax = 5;

    /// <summary>Wait before the second attempt; doubles. 1 s.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly EventCorrelator _correlator = new();
    private readonly Channel<Occurrence> _queue = Channel.CreateBounded<Occurrence>(
        new BoundedChannelOptions(QueueMax) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });

    private long _lastName;
    private long _dropped;

    /// <summary>Events that found the queue full.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <inheritdoc/>
    public void Record(ObjectReference about, string type, string reason, string message)
    {
        if (!_queue.Writer.TryWrite(new Occurrence(about, type, reason, Cut(message), clock.GetUtcNow())))
        {
            var dropped = Interlocked.Increment(ref _dropped);
            if (long.IsPow2(dropped))
            {
                logger.EventsDropped(dropped, component);
            }
        }
    }

    /// <summary>Writes until cancelled, one Event at a time.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Activity.Current = null;
        try
        {
            await foreach (var occurrence in _queue.Reader.ReadAllAsync(cancellationToken))
            {
                if (_correlator.Correlate(occurrence) is { } correlated)
                {
                    await WriteAsync(occurrence, correlated, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Stopping; Events that still wait are lost, as upstream's.
        }
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    private async Task WriteAsync(Occurrence occurrence, Correlated correlated, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            string refusal;
            try
            {
                var error = await TryWriteAsync(occurrence, correlated, cancellationToken);
                if (error is null)
                {
                    return;
                }

                if (error.Code is < 500 and not 429)
                {
                    logger.EventRefused(occurrence.Reason, occurrence.About.Kind ?? "", occurrence.About.Name ?? "", error.Reason, error.Message);
                    return;
                }

                refusal = error.Message;
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                refusal = exception.Message;
            }

            if (attempt == AttemptsMax)
            {
                logger.EventLost(occurrence.Reason, occurrence.About.Kind ?? "", occurrence.About.Name ?? "", attempt, refusal);
                return;
            }

            await Task.Delay(RetryAfter * (1 << (attempt - 1)), clock, cancellationToken);
        }
    }

    private async Task<ApiError?> TryWriteAsync(Occurrence occurrence, Correlated correlated, CancellationToken cancellationToken)
    {
        var entry = correlated.Entry;
        var ns = NamespaceOf(occurrence.About);
        if (entry.Name is { } name)
        {
            var patched = await client.PatchAsync<Event>(ns, name, Again(occurrence, correlated), cancellationToken);
            if (patched.Succeeded)
            {
                entry.Count++;
                return null;
            }

            if (patched.Error.Reason != ApiErrorReason.NotFound)
            {
                return patched.Error;
            }

            entry.Name = null; // Events expire after a while; this one begins anew.
        }

        var created = await client.CreateAsync(New(occurrence, correlated, ns), cancellationToken);
        if (!created.Succeeded)
        {
            return created.Error;
        }

        (entry.Name, entry.Count, entry.FirstAt) = (created.Value.Metadata.Name, 1, occurrence.At);
        return null;
    }

    private Event New(Occurrence occurrence, Correlated correlated, string ns) => new()
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = NextName(occurrence) },
        InvolvedObject = occurrence.About,
        Type = occurrence.Type,
        Reason = occurrence.Reason,
        Message = correlated.Message,
        Count = 1,
        FirstTimestamp = occurrence.At,
        LastTimestamp = occurrence.At,
        Source = new EventSource { Component = component, Host = host },
        ReportingComponent = component,
        ReportingInstance = host ?? "",
    };

    private static ApiPatch Again(Occurrence occurrence, Correlated correlated)
    {
        var changes = new JsonObject
        {
            ["count"] = correlated.Entry.Count + 1,
            ["lastTimestamp"] = occurrence.At.UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture),
            ["message"] = correlated.Message,
        };
        return new ApiPatch(PatchKind.StrategicMerge, Encoding.UTF8.GetBytes(changes.ToJsonString()));
    }

    // Upstream: the object's name and the nanoseconds in hexadecimal. Two Events of one instant still get two names.
    private string NextName(Occurrence occurrence)
    {
        _lastName = Math.Max(_lastName + 1, (occurrence.At - DateTimeOffset.UnixEpoch).Ticks * 100);
        return $"{occurrence.About.Name}.{_lastName:x}";
    }

    private static string NamespaceOf(ObjectReference about) => string.IsNullOrEmpty(about.Namespace) ? "default" : about.Namespace;

    private static string Cut(string message)
    {
        if (Encoding.UTF8.GetByteCount(message) <= MessageBytesMax)
        {
            return message;
        }

        // Counted in bytes but cut between runes, so that what is left is text.
        var bytes = 0;
        var length = 0;
        foreach (var rune in message.EnumerateRunes())
        {
            bytes += rune.Utf8SequenceLength;
            if (bytes > MessageBytesMax - 3)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return string.Concat(message.AsSpan(0, length), "...");
    }
}
