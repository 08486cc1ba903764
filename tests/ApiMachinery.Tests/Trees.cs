using System.Text.Json.Nodes;

namespace KubeAspire.ApiMachinery.Tests;

/// <summary>JSON trees in tests.</summary>
internal static class Trees
{
    public static JsonObject Of(string json) => (JsonObject)JsonNode.Parse(json)!;

    public static void Same(string expected, JsonNode? actual) => Same(JsonNode.Parse(expected), actual);

    public static void Same(JsonNode? expected, JsonNode? actual, string because = "")
    {
        if (!JsonNode.DeepEquals(expected, actual))
        {
            Assert.Fail($"{because}\nexpected {expected?.ToJsonString()}\nactual   {actual?.ToJsonString()}");
        }
    }
}
