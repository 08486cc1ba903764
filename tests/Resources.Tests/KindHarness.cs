using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Tests;

/// <summary>Passes JSON through a kind's rules as a write does.</summary>
internal static class KindHarness
{
    /// <summary>The instant at which tables are made.</summary>
    public static DateTimeOffset Now { get; } = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A kind by its name, of several versions the stored one; or by apiVersion and name, such as <c>autoscaling/v1/HorizontalPodAutoscaler</c>.</summary>
    public static ResourceKind Kind(string name) => name.Contains('/')
        ? BuiltInKinds.All.Single(kind => $"{kind.Type.ApiVersion}/{kind.Type.Kind}" == name)
        : BuiltInKinds.All.Single(kind => kind.Type.Kind == name && kind.StorageType == kind.Type);

    public static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!;

    public static JsonObject Defaulted(ResourceKind kind, string json)
    {
        var value = Parse(json);
        kind.Default(value);
        return value;
    }

    public static IKubernetesObject Typed(ResourceKind kind, JsonObject value) => kind.Decode(Encoding.UTF8.GetBytes(value.ToJsonString()));

    /// <summary>What is wrong with a new object, one line a rule.</summary>
    public static List<string> Create(ResourceKind kind, string json)
    {
        var value = Defaulted(kind, json);
        kind.PrepareForCreate(value);
        return Lines(kind.Validate(Typed(kind, value)));
    }

    /// <summary>What is wrong with a change.</summary>
    public static List<string> Update(ResourceKind kind, string stored, string changed)
    {
        var before = Defaulted(kind, stored);
        kind.PrepareForCreate(before);
        var after = Defaulted(kind, changed);
        kind.PrepareForUpdate(after, before);
        return Lines(kind.ValidateUpdate(Typed(kind, after), Typed(kind, before)));
    }

    public static List<string> Row(ResourceKind kind, string json) =>
        [.. kind.Cells(Typed(kind, Parse(json)), Now).Select(cell => cell?.ToString() ?? "")];

    public static List<string> Lines(IEnumerable<FieldError> errors) => [.. errors.Select(error => error.ToString())];

    /// <summary>Compares trees and shows both where they differ.</summary>
    public static void AssertSame(JsonNode? expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"expected {expected?.ToJsonString()}\nactual   {actual?.ToJsonString()}");
}
