using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>An object of a kind that a CustomResourceDefinition made: a JSON tree whose metadata is read as every object's is.</summary>
/// <remarks>Immutable and shared by every reader of the stored object: whoever wants to change it asks for a tree of their own.</remarks>
public sealed class CustomResource : IKubernetesObject
{
    private static readonly JsonDocumentOptions s_read = new() { MaxDepth = 256 };

    private CustomResource(JsonElement root, PartialObjectMetadata head)
    {
        (Root, Metadata, ApiVersion, Kind) = (root, head.Metadata, head.ApiVersion, head.Kind);
    }

    /// <inheritdoc/>
    public string? ApiVersion { get; }

    /// <inheritdoc/>
    public string? Kind { get; }

    /// <inheritdoc/>
    public ObjectMeta Metadata { get; }

    /// <summary>The whole object, to read.</summary>
    public JsonElement Root { get; }

    /// <summary>Reads an object.</summary>
    public static CustomResource Read(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = s_read.MaxDepth });
        return new CustomResource(JsonElement.ParseValue(ref reader), KubernetesJson.Read<PartialObjectMetadata>(json));
    }

    /// <summary>The object as a tree, made anew.</summary>
    public JsonObject Tree() => JsonObject.Create(Root)!;

    /// <summary>The value at a path of names, such as <c>spec.color</c>; null where there is none.</summary>
    public JsonElement? At(IEnumerable<string> path)
    {
        var at = Root;
        foreach (var name in path)
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
            {
                return null;
            }
        }

        return at;
    }
}
