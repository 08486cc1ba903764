using System.Text.Json;

namespace KubeAspire.KindGenerator;

/// <summary>A definition in the compact text that ApiMachinery's SchemaTable reads.</summary>
internal static class SchemaText
{
    public static IEnumerable<string> Of(string definition, ApiData api, Descriptions descriptions)
    {
        if (Naming.Scalar(definition) is { } scalar)
        {
            yield return scalar;
            yield break;
        }

        var element = api.Definitions[definition];
        if (element.TryGetProperty("type", out var type) && type.GetString() == "any")
        {
            // JSONSchemaPropsOrBool and its like: a definition, or something simpler.
            var at = definition.LastIndexOf("Or", StringComparison.Ordinal);
            yield return $"{definition[at..].ToLowerInvariant()} @{definition[..at]}";
            yield break;
        }

        var atomic = element.TryGetProperty("mapType", out var mapType) && mapType.GetString() == "atomic" ? " atomic" : "";
        yield return $"object{atomic}{Kinds(element)}{Suffix(descriptions.Of(definition))}";
        if (!element.TryGetProperty("fields", out var fields))
        {
            yield break;
        }

        var wire = WirePaths(definition, api);
        foreach (var field in fields.EnumerateObject())
        {
            yield return $"{field.Name} {Type(field.Value)}{Attributes(field.Value)}{(api.Pointers.Contains($"{definition}.{field.Name}") ? " ptr" : "")}{(wire.TryGetValue(field.Name, out var path) ? " #" + path : "")}{Suffix(descriptions.Of(definition, field.Name, element.TryGetProperty("gvk", out _)))}";
        }
    }

    private static string Suffix(string? description) => description is null ? "" : " -- " + description;

    private static string Kinds(JsonElement element)
    {
        if (!element.TryGetProperty("gvk", out var gvk))
        {
            return "";
        }

        var all = gvk.ValueKind == JsonValueKind.Array ? gvk.EnumerateArray() : Enumerable.Repeat(gvk, 1);
        return string.Concat(all.Select(one => $" kind={one.GetProperty("group").GetString()}|{one.GetProperty("version").GetString()}|{one.GetProperty("kind").GetString()}"));
    }

    private static string Type(JsonElement type)
    {
        if (type.TryGetProperty("ref", out var reference))
        {
            return Naming.Scalar(reference.GetString()!) ?? "@" + reference.GetString();
        }

        var format = type.TryGetProperty("format", out var f) ? f.GetString() : null;
        return type.GetProperty("type").GetString() switch
        {
            "string" => format == "byte" ? "bytes" : "s",
            "boolean" => "b",
            "integer" => format == "int64" ? "i64" : "i32",
            "number" => "f64",
            "array" => $"[{Type(type.GetProperty("items"))}]",
            "object" => $"{{{Type(type.GetProperty("values"))}}}",
            var other => throw new InvalidDataException($"type {other}"),
        };
    }

    private static string Attributes(JsonElement field)
    {
        var text = "";
        if (field.TryGetProperty("required", out var required) && required.GetBoolean())
        {
            text += " !";
        }

        if (field.TryGetProperty("deprecated", out _))
        {
            text += " deprecated";
        }

        if (field.TryGetProperty("listType", out var list))
        {
            text += field.TryGetProperty("listMapKeys", out var keys)
                ? $" list=map({string.Join(',', keys.EnumerateArray().Select(key => key.GetString()))})"
                : $" list={list.GetString()}";
        }

        if (field.TryGetProperty("mapType", out var map) && map.GetString() == "atomic")
        {
            text += " map=atomic";
        }

        if (field.TryGetProperty("patchStrategy", out var strategy))
        {
            text += $" patch={strategy.GetString()}";
        }

        return field.TryGetProperty("patchMergeKey", out var mergeKey) ? text + $" key={mergeKey.GetString()}" : text;
    }

    // A JSON field's number, or the numbers on the way to it where upstream embeds a message inline.
    private static Dictionary<string, string> WirePaths(string definition, ApiData api)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        var message = "k8s.io." + definition["io.k8s.".Length..].Replace('-', '_');
        if (api.Messages.TryGetValue(message, out var wire))
        {
            var json = api.Definitions[definition].GetProperty("fields").EnumerateObject().ToDictionary(field => Naming.Plain(field.Name), field => field.Name, StringComparer.Ordinal);
            Walk(message, wire, "", json, paths, api);
        }

        return paths;
    }

    private static void Walk(string message, JsonElement wire, string prefix, Dictionary<string, string> json, Dictionary<string, string> paths, ApiData api)
    {
        foreach (var field in wire.EnumerateObject())
        {
            var number = prefix + field.Value.GetProperty("n").GetInt32();
            if (json.TryGetValue(Naming.Plain(field.Name), out var name))
            {
                paths.TryAdd(name, number);
                continue;
            }

            var type = field.Value.GetProperty("t").GetString()!;
            var full = type.StartsWith("k8s.io.", StringComparison.Ordinal) ? type : message[..(message.LastIndexOf('.') + 1)] + type;
            if (prefix.Length == 0 && api.Messages.TryGetValue(full, out var inline))
            {
                Walk(full, inline, number + ".", json, paths, api);
            }
        }
    }
}
