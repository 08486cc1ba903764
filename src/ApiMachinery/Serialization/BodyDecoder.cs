using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Decodes a request's body, whatever its format, into one form of tree.</summary>
/// <remarks>
/// Bounds: <see cref="MaximumDepth"/> levels of nesting, <see cref="YamlReader.MaximumAliasedNodes"/> nodes through YAML aliases. The
/// number of bytes is the caller's to bound. Refusals are worded as k8s.io/apiserver's transformDecodeError words them.
/// </remarks>
public static class BodyDecoder
{
    /// <summary>Levels of nesting accepted in any format. 500.</summary>
    public const int MaximumDepth = JsonTree.MaximumDepth;

    /// <summary>Bytes of an unrecognized body that a refusal quotes. 30.</summary>
    private const int QuotedBytes = 30;

    /// <summary>Decodes a body.</summary>
    /// <param name="body">The bytes as received.</param>
    /// <param name="format">What the media type says.</param>
    /// <param name="schemas">Finds the schema of an apiVersion and kind; asked for protobuf only.</param>
    /// <param name="expectedKind">The kind that the resource takes, for the wording of a refusal; null where any will do.</param>
    public static ApiResult<DecodedBody> Decode(ReadOnlyMemory<byte> body, BodyFormat format, Func<string, string, Schema?> schemas, string? expectedKind = null)
    {
        ArgumentNullException.ThrowIfNull(schemas);
        try
        {
            return format switch
            {
                BodyFormat.Json => Json(body),
                BodyFormat.Yaml => Yaml(body),
                _ => Protobuf(body, schemas, expectedKind),
            };
        }
        catch (BodyException e)
        {
            var expected = expectedKind is null ? "" : $" (must be of type {expectedKind})";
            return ApiErrors.BadRequest($"the object provided is unrecognized{expected}: {e.Message} ({Quote(body.Span)})");
        }
    }

    /// <summary>Decodes a patch, which may be a list.</summary>
    /// <returns>The patch, and what is wrong with it under <c>fieldValidation=Strict</c>: fields that stand twice; the last of them counts.</returns>
    public static ApiResult<DecodedPatch> DecodePatch(ReadOnlyMemory<byte> body)
    {
        var problems = new List<string>();
        try
        {
            return new DecodedPatch(JsonTree.Parse(body.Span, problems), Duplicates(problems));
        }
        catch (JsonException broken)
        {
            return ApiErrors.BadRequest($"error decoding patch: {broken.Message}");
        }
    }

    private static DecodedBody Json(ReadOnlyMemory<byte> body)
    {
        var problems = new List<string>();
        try
        {
            return new DecodedBody(Object(JsonTree.Parse(body.Span, problems)), Duplicates(problems));
        }
        catch (JsonException e)
        {
            throw new BodyException($"couldn't get version/kind; json parse error: {e.Message}");
        }
    }

    private static DecodedBody Yaml(ReadOnlyMemory<byte> body)
    {
        // JSON is the commonest YAML: server-side apply sends it so. What is not JSON after all goes the longer way.
        if (body.Span.TrimStart(" \t\r\n"u8) is [(byte)'{', ..])
        {
            try
            {
                var problems = new List<string>();
                return new DecodedBody(Object(JsonTree.Parse(body.Span, problems)), Duplicates(problems));
            }
            catch (JsonException)
            {
            }
        }

        var duplicates = new List<string>();
        try
        {
            var documents = YamlReader.Read(Encoding.UTF8.GetString(body.Span), duplicates);
            if (documents.Count > 1)
            {
                throw new YamlProblem("expected a single document in the stream");
            }

            IReadOnlyList<string> strict = duplicates.Count == 0 ? [] : ["yaml: unmarshal errors:\n  " + string.Join("\n  ", duplicates.Take(ApiErrors.MaximumStrictProblems))];
            return new DecodedBody(Object(documents.Count == 0 ? null : documents[0]), strict);
        }
        catch (YamlProblem e)
        {
            throw new BodyException($"error converting YAML to JSON: yaml: {e.Message}");
        }
    }

    private static ApiResult<DecodedBody> Protobuf(ReadOnlyMemory<byte> body, Func<string, string, Schema?> schemas, string? expectedKind)
    {
        try
        {
            var envelope = ProtobufReader.ReadEnvelope(body.Span);
            if (schemas(envelope.ApiVersion, envelope.Kind) is not { } schema)
            {
                var version = envelope.ApiVersion[(envelope.ApiVersion.LastIndexOf('/') + 1)..];
                return ApiErrors.BadRequest(
                    $"{envelope.Kind} in version \"{version}\" cannot be handled as a {expectedKind ?? envelope.Kind}: no kind \"{envelope.Kind}\" is registered for version \"{envelope.ApiVersion}\"");
            }

            var fields = ProtobufReader.ReadMessage(envelope.Raw, schema);
            var value = new JsonObject();
            if (envelope.ApiVersion.Length > 0)
            {
                value["apiVersion"] = envelope.ApiVersion;
            }

            if (envelope.Kind.Length > 0)
            {
                value["kind"] = envelope.Kind;
            }

            foreach (var (name, child) in fields.ToArray())
            {
                fields.Remove(name);
                value[name] = child;
            }

            return new DecodedBody(value, []);
        }
        catch (ProtobufException e)
        {
            throw new BodyException(e.Message);
        }
    }

    // What Go says when it looks for apiVersion and kind in something else.
    private static JsonObject Object(JsonNode? value)
    {
        if (value is not JsonObject parent)
        {
            var what = value?.GetValueKind() switch
            {
                JsonValueKind.Array => "array",
                JsonValueKind.String => "string",
                JsonValueKind.Number => "number",
                JsonValueKind.True or JsonValueKind.False => "bool",
                _ => null,
            };
            throw new BodyException(what is null
                ? "couldn't get version/kind; json parse error: unexpected end of JSON input"
                : $"couldn't get version/kind; json parse error: json: cannot unmarshal {what} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}");
        }

        foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind"])
        {
            if (parent[name] is { } node && node.AsString() is null)
            {
                throw new BodyException($"couldn't get version/kind; json parse error: json: cannot unmarshal {TypeCheck.GoName(node)} into Go struct field .{name} of type string");
            }
        }

        return parent;
    }

    private static string[] Duplicates(List<string> paths) =>
        [.. paths.Distinct(StringComparer.Ordinal).Take(ApiErrors.MaximumStrictProblems).Select(path => $"duplicate field \"{path}\"")];

    private static string Quote(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return "<empty>";
        }

        var shown = body[..Math.Min(body.Length, QuotedBytes)];
        var text = body[0] == '{' ? Encoding.UTF8.GetString(shown) : Convert.ToHexStringLower(shown);
        return body.Length > QuotedBytes ? text + " ..." : text;
    }

    private sealed class BodyException(string message) : Exception(message);
}
