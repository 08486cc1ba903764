using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.CustomResources;
using KubeAspire.ApiServer.Discovery;
using KubeAspire.Resources;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.OpenApi;

/// <summary>The paths of a group version with their operations, as far as clients read them.</summary>
internal sealed class OpenApiPaths(SchemaJson schemas, bool isV2)
{
    private static readonly string[] s_writeParameters = ["dryRun", "fieldManager", "fieldValidation"];
    private static readonly string[] s_listParameters =
    [
        "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch",
    ];

    private static readonly string[] s_deleteParameters = ["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"];
    private static readonly string[] s_patchTypes =
        ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];

    private static readonly string[] s_customPatchTypes = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];
    private string[] _patchTypes = s_patchTypes;

    public JsonObject Paths { get; } = [];

    /// <summary>Adds kinds, and what is asked and not stored.</summary>
    public void Add(IEnumerable<ResourceKind> kinds, IEnumerable<BuiltInType> reviews)
    {
        foreach (var kind in kinds)
        {
            var definition = kind is CustomResourceKind custom ? CustomResourceOpenApi.NameOf(custom) : BuiltInTypes.All.Single(type => type.Type == kind.Type).Definition;
            AddKind(kind, definition, [.. kind.Subresources.Where(DiscoveryDocuments.IsServed)]);
        }

        foreach (var review in reviews)
        {
            Paths[CollectionPath(review.Type)] = new JsonObject { ["post"] = Operation(review.Type, "post", review.Definition, s_writeParameters, review.Definition) };
        }
    }

    private void AddKind(ResourceKind kind, string definition, IReadOnlyList<BuiltInSubresource> subresources)
    {
        var (type, verbs) = (kind.Type, kind.Verbs);
        if (kind is CustomResourceKind custom)
        {
            schemas.Add(definition, CustomResourceOpenApi.Describe(custom, isV2, schemas));
        }

        _patchTypes = kind.IsCustom ? s_customPatchTypes : s_patchTypes;
        var list = schemas.ListReference(definition, type.Group, type.Version, kind.ListKind);
        var collection = new JsonObject { ["get"] = Operation(type, "list", null, s_listParameters, null, list) };
        if (verbs.Contains("create"))
        {
            collection["post"] = Operation(type, "post", definition, s_writeParameters, definition);
        }

        if (verbs.Contains("deletecollection"))
        {
            collection["delete"] = Operation(type, "deletecollection", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", s_deleteParameters, "io.k8s.apimachinery.pkg.apis.meta.v1.Status");
        }

        Paths[CollectionPath(type)] = collection;
        if (type.Namespaced)
        {
            Paths[$"{type.RootPath}/{type.Plural}"] = new JsonObject { ["get"] = Operation(type, "list", null, s_listParameters, null, (JsonObject)list.DeepClone()) };
        }

        Paths[CollectionPath(type) + "/{name}"] = new JsonObject
        {
            ["get"] = Operation(type, "get", null, [], definition),
            ["put"] = Operation(type, "put", definition, s_writeParameters, definition),
            ["patch"] = Operation(type, "patch", "io.k8s.apimachinery.pkg.apis.meta.v1.Patch", [.. s_writeParameters, "force"], definition),
            ["delete"] = Operation(type, "delete", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", s_deleteParameters, "io.k8s.apimachinery.pkg.apis.meta.v1.Status"),
        };
        foreach (var subresource in subresources.Where(subresource => subresource.Name is "status" or "scale"))
        {
            var (bodyType, body) = subresource.Name == "scale" ? (Resources.Autoscaling.Scale.ResourceType, "io.k8s.api.autoscaling.v1.Scale") : (type, definition);
            Paths[$"{CollectionPath(type)}/{{name}}/{subresource.Name}"] = new JsonObject
            {
                ["get"] = Operation(bodyType, "get", null, [], body),
                ["put"] = Operation(bodyType, "put", body, s_writeParameters, body),
                ["patch"] = Operation(bodyType, "patch", "io.k8s.apimachinery.pkg.apis.meta.v1.Patch", [.. s_writeParameters, "force"], body),
            };
        }
    }

    private static string CollectionPath(ResourceType type) => type.Namespaced ? $"{type.RootPath}/namespaces/{{namespace}}/{type.Plural}" : $"{type.RootPath}/{type.Plural}";

    private JsonObject Operation(ResourceType type, string action, string? body, IEnumerable<string> queries, string? answer, JsonObject? answerSchema = null)
    {
        var parameters = new JsonArray([.. queries.Select(Query)]);
        var operation = new JsonObject
        {
            ["description"] = $"{action} {type.Kind}",
            ["operationId"] = $"{action}{type.Group.Replace(".", "", StringComparison.Ordinal)}{type.Version}{type.Kind}",
            ["x-kubernetes-action"] = action,
            ["x-kubernetes-group-version-kind"] = new JsonObject { ["group"] = type.Group, ["kind"] = type.Kind, ["version"] = type.Version },
        };
        var schema = answerSchema ?? schemas.Reference(answer!);
        if (isV2)
        {
            operation["consumes"] = new JsonArray([.. (action == "patch" ? _patchTypes : ["*/*"]).Select(text => JsonValue.Create(text))]);
            operation["produces"] = new JsonArray("application/json", "application/yaml");
            if (body is not null)
            {
                parameters.Add(new JsonObject { ["name"] = "body", ["in"] = "body", ["required"] = true, ["schema"] = BodySchema(body) });
            }

            operation["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK", ["schema"] = schema } };
        }
        else
        {
            if (body is not null)
            {
                var content = new JsonObject();
                foreach (var media in action == "patch" ? _patchTypes : ["*/*"])
                {
                    content[media] = new JsonObject { ["schema"] = BodySchema(body) };
                }

                operation["requestBody"] = new JsonObject { ["content"] = content };
            }

            operation["responses"] = new JsonObject
            {
                ["200"] = new JsonObject
                {
                    ["description"] = "OK",
                    ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = schema } },
                },
            };
        }

        operation["parameters"] = parameters;
        return operation;
    }

    private JsonObject BodySchema(string body) => BuiltInTypes.Schemas.Find(body) is null && !schemas.Has(body) ? new JsonObject { ["type"] = "object" } : schemas.Reference(body);

    private JsonNode Query(string name)
    {
        var type = name switch
        {
            "limit" or "timeoutSeconds" or "gracePeriodSeconds" => "integer",
            "watch" or "allowWatchBookmarks" or "sendInitialEvents" or "force" or "orphanDependents" => "boolean",
            _ => "string",
        };
        var parameter = new JsonObject { ["name"] = name, ["in"] = "query" };
        if (isV2)
        {
            parameter["type"] = type;
        }
        else
        {
            parameter["schema"] = new JsonObject { ["type"] = type };
        }

        return parameter;
    }
}
