using System.Text.Json.Serialization;

namespace KubeAspire.ApiMachinery.Meta;

/// <summary>Any object with everything but its type and metadata left out: <c>meta.k8s.io/v1 PartialObjectMetadata</c>.</summary>
public sealed record PartialObjectMetadata : IKubernetesObject
{
    /// <inheritdoc/>
    [JsonPropertyName("apiVersion")]
    public string? ApiVersion { get; init; }

    /// <inheritdoc/>
    [JsonPropertyName("kind")]
    public string? Kind { get; init; }

    /// <inheritdoc/>
    [JsonPropertyName("metadata")]
    public ObjectMeta Metadata { get; init => field = value ?? new(); } = new();
}
