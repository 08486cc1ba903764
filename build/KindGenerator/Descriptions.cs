namespace KubeAspire.KindGenerator;

/// <summary>What types and fields mean, from descriptions.txt. A line about what does not exist stops the generator.</summary>
internal sealed class Descriptions
{
    private const string EveryKind = "*.";

    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    public Descriptions(IEnumerable<string> lines, ApiData api)
    {
        foreach (var line in lines.Where(line => line.Length > 0 && line[0] != '#'))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            var name = Full(line[..colon]);
            if (!name.StartsWith(EveryKind, StringComparison.Ordinal) && !Exists(name, api))
            {
                throw new InvalidDataException($"descriptions.txt: no type or field {name}");
            }

            if (!_texts.TryAdd(name, line[(colon + 2)..].Trim()))
            {
                throw new InvalidDataException($"descriptions.txt: {name} is described twice");
            }
        }
    }

    /// <summary>What a type is; null where it is not described.</summary>
    public string? Of(string definition) => _texts.GetValueOrDefault(definition);

    /// <summary>What a field means; a kind's common fields are described once for all.</summary>
    public string? Of(string definition, string field, bool isKind) =>
        _texts.GetValueOrDefault($"{definition}.{field}") ?? (isKind ? _texts.GetValueOrDefault(EveryKind + field) : null);

    private static string Full(string name) =>
        name.StartsWith(EveryKind, StringComparison.Ordinal) || name.StartsWith("io.k8s.", StringComparison.Ordinal) ? name
        : name.StartsWith("meta.v1.", StringComparison.Ordinal) ? Naming.Meta + name["meta.v1.".Length..]
        : "io.k8s.api." + name;

    private static bool Exists(string name, ApiData api)
    {
        var dot = name.LastIndexOf('.');
        return api.Definitions.ContainsKey(name)
            || (api.Definitions.TryGetValue(name[..dot], out var type) && type.TryGetProperty("fields", out var fields) && fields.TryGetProperty(name[(dot + 1)..], out _));
    }
}
