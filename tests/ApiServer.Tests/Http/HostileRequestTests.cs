using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer.Tests.Http;

/// <summary>What is sent to do harm: to the server's memory, its stack, its logs.</summary>
public sealed class HostileRequestTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Series_AreOfWhatIsServed_WhateverIsAskedFor()
    {
        // CVE-2020-8552: labels that come from the request let anybody, credentials or none, fill the server's memory.
        var seen = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == ApiServerTelemetry.Name)
                {
                    listening.EnableMeasurementEvents(instrument);
                }
            },
        };
        void Note(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var (_, value) in tags)
            {
                seen.TryAdd($"{value}", true);
            }
        }

        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => Note(tags));
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Note(tags));
        listener.Start();
        for (var i = 0; i < 200; i++)
        {
            foreach (var user in (string?[])[null, "stranger", "admin"])
            {
                await api.SendAsync("GET", $"/api/v1/harmful{i}", user: user);
                await api.SendAsync("GET", $"/api/v1/namespaces/default/pods/x/harmful{i}", user: user);
                await api.SendAsync("GET", $"/apis/harmful{i}.example.com/v1/things/x", user: user);
                await api.SendAsync("GET", $"/harmful{i}", user: user);
                await api.SendAsync($"HARMFUL{i}", "/api/v1/pods", user: user);
            }
        }

        Assert.Contains("OTHER", seen.Keys);
        Assert.DoesNotContain(seen.Keys, key => key.Contains("harmful", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("POST", "", "application/json")]
    [InlineData("POST", "", "application/yaml")]
    [InlineData("PATCH", "/x", "application/merge-patch+json")]
    [InlineData("PATCH", "/x", "application/strategic-merge-patch+json")]
    [InlineData("PATCH", "/x", "application/json-patch+json")]
    [InlineData("PATCH", "/x?fieldManager=f", "application/apply-patch+yaml")]
    public async Task ABodyThatIsNestedWithoutEnd_IsRefused(string method, string rest, string contentType)
    {
        // GO-2022-0965: recursion that the body decides over ends the whole process.
        var ns = await api.NamespaceAsync();
        await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"x"}}""");
        foreach (var (open, close) in ((string, string)[])[("[", "]"), ("{\"a\":", "}")])
        {
            var deep = string.Concat(Enumerable.Repeat(open, 100_000)) + "1" + string.Concat(Enumerable.Repeat(close, 100_000));
            var body = contentType == "application/json-patch+json" ? """[{"op":"add","path":"/data","value":""" + deep + "}]" : """{"metadata":{"name":"x"},"data":""" + deep + "}";
            var answer = await api.SendAsync(method, $"/api/v1/namespaces/{ns}/configmaps{rest}", body, contentType);
            Assert.True(answer.Code is 400 or 422, $"{answer.Code}: {answer.Text[..Math.Min(300, answer.Text.Length)]}");
        }
    }

    [Fact]
    public async Task Secrets_AreInNoLog()
    {
        // CVE-2019-11250, CVE-2020-8563 to 8566: what is secret is found in a log that is verbose enough.
        using var logs = new Logs();
        await using var server = new ApiFixture { Loggers = logs };
        await server.InitializeAsync();
        const string Canary = "canary5f2b";
        var ns = await server.NamespaceAsync();
        await server.SendAsync("GET", "/api/v1/pods", bearer: Canary + ".a.b");
        await server.SendAsync("POST", $"/api/v1/namespaces/{ns}/secrets", $$$"""{"metadata":{"name":"s"},"stringData":{"k":"{{{Canary}}}"}}""");
        await server.SendAsync("POST", $"/api/v1/namespaces/{ns}/secrets", $$$"""{"metadata":{"name":"Wrong"},"stringData":{"k":"{{{Canary}}}"},"{{{Canary}}}":1}""");
        await server.SendAsync("PATCH", $"/api/v1/namespaces/{ns}/secrets/s", $$"""[{"op":"replace","path":"/data/none/{{Canary}}","value":"{{Canary}}"}]""", "application/json-patch+json");
        await server.SendAsync("POST", "/apis/authentication.k8s.io/v1/tokenreviews", $$$"""{"spec":{"token":"{{{Canary}}}"}}""");
        var token = (await server.SendAsync("POST", $"/api/v1/namespaces/{ns}/serviceaccounts/default/token", """{"spec":{}}""")).At("status.token");
        Assert.StartsWith("eyJ", token, StringComparison.Ordinal);
        Assert.NotEqual(401, (await server.SendAsync("GET", "/api/v1/pods", bearer: token)).Code);
        Assert.NotEmpty(logs.Lines);
        Assert.DoesNotContain(logs.Lines, line => line.Contains(Canary, StringComparison.OrdinalIgnoreCase) || line.Contains(token, StringComparison.Ordinal));
    }

    private sealed class Logs : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("it is the only provider");

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            Lines.Enqueue($"{state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception) + exception);

        public void Dispose() => Lines.Clear();
    }
}
