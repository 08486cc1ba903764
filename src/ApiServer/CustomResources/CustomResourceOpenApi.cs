using System.Text.Json.Nodes;
using KubeAspire.ApiServer.OpenApi;
using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>How the OpenAPI documents describe a custom resource.</summary>
internal static class CustomResourceOpenApi
{
    private const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

    /// <summary>The name of a definition, upstream's: <c>com.example.stable.v1.CronTab</c> for the group stable.example.com.</summary>
    public static string NameOf(CustomResourceKind kind) => $"{string.Join('.', kind.Type.Group.Split('.').Reverse())}.{kind.Type.Version}.{kind.Type.Kind}";

    /// <summary>The definition.</summary>
    public static JsonObject Describe(CustomResourceKind kind, bool isV2, SchemaJson schemas)
    {
        var root = kind.Version.Schema?.OpenAPIV3Schema;
        var preserves = kind.Definition.Spec.PreserveUnknownFields == true;
        var published = isV2 ? PublishedSchema.OpenApiV2(root, preserves) : PublishedSchema.OpenApiV3(root, preserves);
        published["x-kubernetes-group-version-kind"] = new JsonArray(new JsonObject { ["group"] = kind.Type.Group, ["kind"] = kind.Type.Kind, ["version"] = kind.Type.Version });
        schemas.Reference(ObjectMeta); // What is published refers to it.
        return published;
    }
}
