using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace KubeAspire.ApiServer;

/// <summary>The API server's activities.</summary>
public static class ApiServerTelemetry
{
    /// <summary>Name of the source and of the meter.</summary>
    public const string Name = "KubeAspire.ApiServer";

    /// <summary>The source.</summary>
    public static ActivitySource Source { get; } = new(Name);
}

/// <summary>The API server's metrics, under upstream's names. Labels come from closed sets: verbs, served resources, status codes.</summary>
public sealed class ApiServerInstruments : IDisposable
{
    /// <summary>What stands for a verb that is none.</summary>
    private const string OtherVerb = "OTHER";

    private static readonly FrozenSet<string> s_verbs = FrozenSet.Create(
        StringComparer.Ordinal, "", "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "post", "put", "head", "options");

    private readonly Meter _meter = new(ApiServerTelemetry.Name);
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _seconds;
    private readonly UpDownCounter<long> _inFlight;
    private readonly UpDownCounter<long> _watches;

    /// <summary>Registers the instruments.</summary>
    public ApiServerInstruments()
    {
        _requests = _meter.CreateCounter<long>("apiserver_request_total", "{request}", "Requests by verb, resource and code.");
        _seconds = _meter.CreateHistogram<double>("apiserver_request_duration_seconds", "s", "Time from the first byte read to the last written, watches excepted.");
        _inFlight = _meter.CreateUpDownCounter<long>("apiserver_current_inflight_requests", "{request}", "Requests being served.");
        _watches = _meter.CreateUpDownCounter<long>("apiserver_longrunning_requests", "{request}", "Watches and streams being served.");
    }

    /// <summary>A request begins.</summary>
    public void OnBegin(bool longRunning) => (longRunning ? _watches : _inFlight).Add(1);

    /// <summary>A request ends.</summary>
    /// <param name="verb">Verb of a resource, or the method; one of no meaning is counted as OTHER.</param>
    /// <param name="resource">A served resource, or empty.</param>
    /// <param name="code">HTTP status.</param>
    /// <param name="elapsed">How long it took.</param>
    /// <param name="longRunning">Whether it was a watch or a stream.</param>
    public void OnEnd(string verb, string resource, int code, TimeSpan elapsed, bool longRunning)
    {
        (longRunning ? _watches : _inFlight).Add(-1);
        if (!_requests.Enabled && !_seconds.Enabled)
        {
            return;
        }

        verb = s_verbs.Contains(verb) ? verb : OtherVerb;
        var tags = new TagList { { "verb", verb }, { "resource", resource }, { "code", code } };
        _requests.Add(1, tags);
        if (!longRunning)
        {
            _seconds.Record(elapsed.TotalSeconds, new TagList { { "verb", verb }, { "resource", resource } });
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
