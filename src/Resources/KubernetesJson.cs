using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace KubeAspire.Resources;

/// <summary>Reads and writes typed objects as JSON, by generated code.</summary>
public static class KubernetesJson
{
    /// <summary>How a type is read and written.</summary>
    /// <exception cref="InvalidOperationException">The type is not one of the generated ones.</exception>
    public static JsonTypeInfo<T> TypeInfo<T>() => Known<T>.Info ?? throw new InvalidOperationException($"{typeof(T)} has no generated JSON");

    /// <summary>Decodes an object.</summary>
    /// <exception cref="JsonException">The bytes are no such object.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json)
        where T : class => JsonSerializer.Deserialize(json, TypeInfo<T>()) ?? throw new JsonException("null is no object");

    /// <summary>Encodes an object.</summary>
    public static byte[] Write<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, TypeInfo<T>());

    // Found once a type: every read and write asks.
    private static class Known<T>
    {
        public static readonly JsonTypeInfo<T>? Info = (JsonTypeInfo<T>?)ResourcesJsonContext.Default.GetTypeInfo(typeof(T));
    }
}
