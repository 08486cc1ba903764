using System.Text.Json.Nodes;

namespace KubeAspire.Conformance.Harness;

/// <summary>What the API answered.</summary>
public sealed record Answer(int Code, string Text, string ContentType, IReadOnlyList<(string Name, string Value)> Headers)
{
    /// <summary>The body as an object.</summary>
    public JsonObject Json => JsonNode.Parse(Text) as JsonObject ?? throw new InvalidOperationException($"no object: {Text}");

    /// <summary>The items of a list.</summary>
    public IReadOnlyList<JsonObject> Items => [.. (Json["items"] as JsonArray ?? []).OfType<JsonObject>()];

    /// <summary>The value at a path of names and indexes, joined by dots; empty where there is none.</summary>
    public string At(string path) => Json.At(path);

    /// <summary>Checks the code.</summary>
    public Answer Expect(int code)
    {
        Assert.True(Code == code, $"answered {Code}, not {code}: {Text[..Math.Min(Text.Length, 2000)]}");
        return this;
    }

    /// <summary>Checks a refusal.</summary>
    public Answer ExpectRefusal(int code, string reason, string part = "")
    {
        Expect(code);
        Assert.Equal("Failure", At("status"));
        Assert.Equal(reason, At("reason"));
        Assert.Contains(part, At("message"), StringComparison.Ordinal);
        return this;
    }
}

/// <summary>Reads of a tree by path.</summary>
public static class TreeReads
{
    /// <summary>The value at a path of names and indexes, joined by dots; a name that has dots stands in brackets. Empty where there is none.</summary>
    public static string At(this JsonObject root, string path)
    {
        JsonNode? node = root;
        foreach (var part in Parts(path))
        {
            node = node switch
            {
                JsonObject found => found[part],
                JsonArray list => int.TryParse(part, out var index) && index < list.Count ? list[index] : null,
                _ => null,
            };
        }

        return node?.ToString() ?? "";
    }

    private static IEnumerable<string> Parts(string path)
    {
        while (path.Length > 0)
        {
            if (path[0] == '[')
            {
                var end = path.IndexOf(']', StringComparison.Ordinal);
                yield return path[1..end];
                path = path[(end + 1)..].TrimStart('.');
                continue;
            }

            var dot = path.IndexOfAny(['.', '[']);
            yield return dot < 0 ? path : path[..dot];
            path = dot < 0 ? "" : path[dot] == '.' ? path[(dot + 1)..] : path[dot..];
        }
    }
}
