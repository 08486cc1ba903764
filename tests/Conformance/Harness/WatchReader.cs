using System.Text.Json.Nodes;

namespace KubeAspire.Conformance.Harness;

/// <summary>Reads the events of one watch, in their order.</summary>
public sealed class WatchReader(HttpResponseMessage response, Stream stream) : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly StreamReader _reader = new(stream);

    /// <summary>HTTP status of the watch.</summary>
    public int Code => (int)response.StatusCode;

    /// <summary>The next event, or null at the end.</summary>
    public async Task<(string Type, JsonObject Object)?> ReadAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(s_patience);
        var line = await _reader.ReadLineAsync(patience.Token);
        if (line is null)
        {
            return null;
        }

        var parsed = JsonNode.Parse(line)!.AsObject();
        return (parsed["type"]!.ToString(), parsed["object"]!.AsObject());
    }

    /// <summary>The next event, which must be of a type. Bookmarks are passed over.</summary>
    public async Task<JsonObject> NextAsync(string type)
    {
        while (await ReadAsync() is var found)
        {
            Assert.True(found is not null, $"the watch ended before {type}");
            if (found.Value.Type == "BOOKMARK" && type != "BOOKMARK")
            {
                continue;
            }

            Assert.True(found.Value.Type == type, $"{found.Value.Type}, not {type}: {found.Value.Object.ToJsonString()}");
            return found.Value.Object;
        }

        throw new InvalidOperationException("unreachable");
    }

    /// <summary>Reads on until an event of a type satisfies a condition.</summary>
    public async Task<JsonObject> UntilAsync(string type, Func<JsonObject, bool> condition)
    {
        while (await ReadAsync() is { } found)
        {
            if (found.Type == type && condition(found.Object))
            {
                return found.Object;
            }
        }

        Assert.Fail($"the watch ended before {type}");
        return [];
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        response.Dispose();
        _reader.Dispose();
        return ValueTask.CompletedTask;
    }
}
