using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;

namespace KubeAspire.EndToEnd.Harness;

/// <summary>
/// Clients that create ConfigMaps one after the other, as behind a load balancer: where no connection can be had the next server is asked, and that
/// is no failure; everything else is. HTTP/2, as stock clients speak it.
/// </summary>
public sealed class SteadyWrites : IDisposable
{
    private const int Clients = 6;

    /// <summary>Between two calls of a client. 10 ms.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    /// <summary>A call without an answer by then has failed. 10 s.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyList<HttpClient> _servers;
    private readonly Uri _path;
    private readonly ConcurrentBag<string> _acknowledged = [];
    private readonly ConcurrentBag<string> _failures = [];
    private readonly Task _running;
    private long _longest;

    /// <summary>Begins.</summary>
    /// <param name="servers">The API servers; disposed with this.</param>
    /// <param name="space">The namespace to write to.</param>
    public SteadyWrites(IReadOnlyList<HttpClient> servers, string space)
    {
        (_servers, _path) = (servers, new Uri($"/api/v1/namespaces/{space}/configmaps", UriKind.Relative));
        _running = Task.WhenAll(Enumerable.Range(0, Clients).Select(WriteAsync));
    }

    /// <summary>Names of the objects whose creation was answered 201.</summary>
    public IReadOnlyCollection<string> Acknowledged => _acknowledged;

    /// <summary>How each of the other calls ended.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Calls that ended, however.</summary>
    public int Calls => _acknowledged.Count + _failures.Count;

    /// <summary>Share of the calls that were answered 201, in percent.</summary>
    public double Availability => 100.0 * _acknowledged.Count / Math.Max(1, Calls);

    /// <summary>The longest time that a call took, its tries at other servers included.</summary>
    public TimeSpan Longest => TimeSpan.FromTicks(_longest);

    /// <summary>Ends when the last calls have their answers.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public void Dispose()
    {
        foreach (var server in _servers)
        {
            server.Dispose();
        }

        _stop.Dispose();
    }

    private async Task WriteAsync(int client)
    {
        var clock = TimeProvider.System;
        var server = client % _servers.Count;
        for (var number = 0; !_stop.IsCancellationRequested; number++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"steady-{client}-{number}");
            var began = clock.GetTimestamp();
            var failure = await CreateAsync(name);
            InterlockedMax(ref _longest, clock.GetElapsedTime(began).Ticks);
            if (failure is null)
            {
                _acknowledged.Add(name);
            }
            else
            {
                _failures.Add($"{name}: {failure}");
            }

            await Task.Delay(s_pause, clock, CancellationToken.None);
        }

        async Task<string?> CreateAsync(string name)
        {
            for (var tried = 0; tried < _servers.Count; tried++)
            {
                try
                {
                    using var patience = new CancellationTokenSource(s_patience, clock);
                    using var request = new HttpRequestMessage(HttpMethod.Post, _path)
                    {
                        Version = HttpVersion.Version20,
                        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                        Content = JsonContent.Create(new { apiVersion = "v1", kind = "ConfigMap", metadata = new { name } }),
                    };
                    using var answer = await _servers[server].SendAsync(request, patience.Token);
                    return answer.StatusCode == HttpStatusCode.Created ? null : $"{answer.StatusCode} {await answer.Content.ReadAsStringAsync(patience.Token)}";
                }
                catch (HttpRequestException refused) when (refused.HttpRequestError == HttpRequestError.ConnectionError)
                {
                    server = (server + 1) % _servers.Count;
                }
                catch (Exception failed) when (failed is HttpRequestException or OperationCanceledException)
                {
                    return failed.Message;
                }
            }

            return "no server took a connection";
        }
    }

    private static void InterlockedMax(ref long most, long value)
    {
        for (var seen = Volatile.Read(ref most); value > seen;)
        {
            var before = Interlocked.CompareExchange(ref most, value, seen);
            seen = before == seen ? value : before;
        }
    }
}
