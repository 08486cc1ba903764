using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>From the bytes of a body to a tree that has the shape of its kind.</summary>
internal static class Decoding
{
    public static readonly string[] BodyTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    private static readonly string[] s_customTypes = ["application/json", "application/yaml"];

    /// <summary>The body of a request as an object of a kind, as the kind itself reads it.</summary>
    public static ValueTask<ApiResult<JsonObject>> ReadAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken) =>
        ReadAsync(request, kind.Type, kind.Schema, kind, cancellationToken);

    /// <summary>The body of a request as an object of a kind, unknown fields pruned, reported or refused as <c>fieldValidation</c> says.</summary>
    public static ValueTask<ApiResult<JsonObject>> ReadAsync(ApiRequest request, ResourceType type, Schema schema, CancellationToken cancellationToken) =>
        ReadAsync(request, type, schema, null, cancellationToken);

    private static async ValueTask<ApiResult<JsonObject>> ReadAsync(ApiRequest request, ResourceType type, Schema schema, ResourceKind? kind, CancellationToken cancellationToken)
    {
        var body = await request.ReadBody(cancellationToken);
        if (!body.Succeeded)
        {
            return body.Error;
        }

        var custom = kind is { IsCustom: true };
        if (FormatOf(body.Value.MediaType) is not { } format || (custom && format == BodyFormat.Protobuf))
        {
            return ApiErrors.UnsupportedMediaType(custom ? s_customTypes : BodyTypes);
        }

        var decoded = BodyDecoder.Decode(body.Value.Bytes, format, SchemaOf, type.Kind);
        return decoded.Succeeded ? Conform(request, decoded.Value.Value, decoded.Value.StrictProblems, type, schema, kind) : decoded.Error;
    }

    /// <summary>The schema of a body that names its own type, as protobuf does.</summary>
    public static Schema? SchemaOf(string apiVersion, string kind) => kind == "DeleteOptions"
        ? BuiltInTypes.Schemas.Find("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")
        : BuiltInTypes.All.FirstOrDefault(type => type.Type.Kind == kind && type.Type.ApiVersion == apiVersion) is { } found ? BuiltInTypes.Schemas.Find(found.Definition) : null;

    /// <summary>The format of a media type; null where it is not understood. No type at all is JSON, as upstream's default.</summary>
    public static BodyFormat? FormatOf(string mediaType) => mediaType switch
    {
        "" or "application/json" => BodyFormat.Json,
        "application/yaml" => BodyFormat.Yaml,
        "application/vnd.kubernetes.protobuf" => BodyFormat.Protobuf,
        _ => null,
    };

    /// <summary>Makes the structures that upstream's types always have, such as <c>spec: {}</c>: a typed view then has no holes at its top.</summary>
    public static void Complete(JsonObject value, Schema schema)
    {
        foreach (var (name, property) in schema.Properties)
        {
            if (property is { Type: SchemaType.Object, Pointer: false } && value[name] is null)
            {
                value[name] = new JsonObject();
            }
        }
    }

    /// <summary>The body of a request as a record.</summary>
    public static async ValueTask<ApiResult<T>> ReadAsync<T>(ApiRequest request, Schema schema, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        var decoded = await ReadAsync(request, T.ResourceType, schema, cancellationToken);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        Complete(decoded.Value, schema);
        return KubernetesJson.Read<T>(CanonicalJson.EncodeValue(decoded.Value));
    }

    /// <summary>Checks type, unknown fields and the types of values.</summary>
    public static ApiResult<JsonObject> Conform(ApiRequest request, JsonObject value, IReadOnlyList<string> strict, ResourceType type, Schema schema, ResourceKind? conforms = null)
    {
        var (version, kind) = (value.Text("apiVersion"), value.Text("kind"));
        if (kind.Length > 0 && kind != type.Kind)
        {
            return ApiErrors.BadRequest($"{kind} in version \"{version}\" cannot be handled as a {type.Kind}: no kind \"{type.Kind}\" matches the object's kind \"{kind}\"");
        }

        if (version.Length > 0 && version != type.ApiVersion)
        {
            return ApiErrors.BadRequest($"the API version in the data ({version}) does not match the expected API version ({type.ApiVersion})");
        }

        value["apiVersion"] = type.ApiVersion;
        value["kind"] = type.Kind;
        return Checked(request, value, strict, type, schema, conforms: conforms) is { } error ? error : value;
    }

    /// <summary>Prunes unknown fields, telling of them as <c>fieldValidation</c> says, and checks the types of values.</summary>
    /// <param name="request">The request.</param>
    /// <param name="value">The object; pruned here.</param>
    /// <param name="strict">Problems found before, such as duplicate fields.</param>
    /// <param name="type">The kind.</param>
    /// <param name="schema">Its shape.</param>
    /// <param name="refuse">Makes the refusal under <c>Strict</c>; null for that of a whole object.</param>
    /// <param name="conforms">The kind, whose own idea of the types of values counts; null for that of the schema.</param>
    public static ApiError? Checked(
        ApiRequest request, JsonObject value, IReadOnlyList<string> strict, ResourceType type, Schema schema, Func<IReadOnlyList<string>, ApiError>? refuse = null,
        ResourceKind? conforms = null)
    {
        var mode = request.Query["fieldValidation"];
        if (mode is not ("" or "Strict" or "Warn" or "Ignore"))
        {
            return Refusal.Options("CreateOptions", FieldError.NotSupported("fieldValidation", mode, ["Ignore", "Strict", "Warn"]));
        }

        IReadOnlyList<string> problems = [.. UnknownFields.Prune(value, schema), .. strict];
        if (problems.Count > 0 && mode == "Strict")
        {
            return refuse?.Invoke(problems) ?? ApiErrors.StrictDecoding(type.Kind, type.Version, problems);
        }

        if (mode is "" or "Warn")
        {
            request.Warnings.AddRange(problems);
        }

        if (conforms is not null)
        {
            return conforms.Conform(value);
        }

        if (TypeCheck.Check(value, schema, type.Kind) is { } wrong)
        {
            return wrong;
        }

        Normalization.Apply(value, schema);
        return null;
    }
}
