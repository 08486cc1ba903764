namespace KubeAspire.ApiServer.Http;

/// <summary>The shape of an answer.</summary>
public enum AnswerShape
{
    /// <summary>The object itself.</summary>
    Object,

    /// <summary>A meta.k8s.io Table.</summary>
    Table,

    /// <summary>PartialObjectMetadata, or a list of it.</summary>
    Metadata,
}

/// <summary>What a client accepts, as far as it matters: the first media type of its list that can be served.</summary>
/// <param name="Shape">Object, Table or metadata.</param>
/// <param name="Version">Version of meta.k8s.io for a Table or metadata: <c>v1</c> or <c>v1beta1</c>.</param>
/// <param name="Yaml">Whether YAML is wanted instead of JSON.</param>
public sealed record Accepted(AnswerShape Shape, string Version, bool Yaml)
{
    /// <summary>What can be served, for the 406.</summary>
    public static readonly string[] Served = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

    private static readonly Accepted s_json = new(AnswerShape.Object, "v1", false);

    /// <summary>Reads an Accept header; null where nothing of it can be served.</summary>
    /// <remarks>A client that takes protobuf gets JSON, which every client of Kubernetes understands.</remarks>
    public static Accepted? Parse(string header)
    {
        if (header.Length == 0 || header == "application/json")
        {
            return s_json;
        }

        foreach (var part in header.Split(','))
        {
            if (One(part.Trim()) is { } accepted)
            {
                return accepted;
            }
        }

        return null;
    }

    private static Accepted? One(string text)
    {
        var words = text.Split(';', StringSplitOptions.TrimEntries);
        string shape = "", group = "", version = "";
        foreach (var word in words.AsSpan(1))
        {
            var equals = word.IndexOf('=');
            if (equals < 0)
            {
                continue;
            }

            var value = word[(equals + 1)..].Trim('"');
            switch (word[..equals])
            {
                case "as": shape = value; break;
                case "g": group = value; break;
                case "v": version = value; break;
            }
        }

        var yaml = words[0].Equals("application/yaml", StringComparison.OrdinalIgnoreCase);
        if (!yaml && words[0].ToLowerInvariant() is not ("application/json" or "application/vnd.kubernetes.protobuf" or "*/*" or "application/*"))
        {
            return null;
        }

        return shape switch
        {
            "" => yaml ? s_json with { Yaml = true } : s_json,
            "Table" when group == "meta.k8s.io" && version is "v1" or "v1beta1" => new(AnswerShape.Table, version, yaml),
            "PartialObjectMetadata" or "PartialObjectMetadataList" when group == "meta.k8s.io" && version is "v1" or "v1beta1" => new(AnswerShape.Metadata, version, yaml),
            _ => null,
        };
    }
}
