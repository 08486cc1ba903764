namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>How a request's body is written.</summary>
public enum BodyFormat
{
    /// <summary><c>application/json</c> and the patch types that are JSON.</summary>
    Json,

    /// <summary><c>application/yaml</c> and <c>application/apply-patch+yaml</c>.</summary>
    Yaml,

    /// <summary><c>application/vnd.kubernetes.protobuf</c>.</summary>
    Protobuf,
}
