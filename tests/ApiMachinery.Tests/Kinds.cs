using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.Resources;

namespace KubeAspire.ApiMachinery.Tests;

/// <summary>The schemas of real kinds.</summary>
internal static class Kinds
{
    public static Schema Deployment { get; } = Find("io.k8s.api.apps.v1.Deployment");

    public static Schema Pod { get; } = Find("io.k8s.api.core.v1.Pod");

    public static Schema ConfigMap { get; } = Find("io.k8s.api.core.v1.ConfigMap");

    public static Schema Service { get; } = Find("io.k8s.api.core.v1.Service");

    public static Schema Node { get; } = Find("io.k8s.api.core.v1.Node");

    public static Schema Find(string definition) => BuiltInTypes.Schemas.Find(definition) ?? throw new InvalidOperationException(definition);

    public static Schema? SchemaOf(string apiVersion, string kind) =>
        kind == "DeleteOptions" ? Find("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")
        : BuiltInTypes.All.FirstOrDefault(type => type.Type.ApiVersion == apiVersion && type.Type.Kind == kind) is { } found ? Find(found.Definition) : null;
}
