using System.Collections.Frozen;
using System.Globalization;
using KubeAspire.ApiServer.Requests;
using KubeAspire.Resources;

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

/// <summary>The encoding of an answer.</summary>
public enum AnswerFormat
{
    /// <summary><c>application/json</c>.</summary>
    Json,

    /// <summary><c>application/yaml</c>.</summary>
    Yaml,

    /// <summary><c>application/vnd.kubernetes.protobuf</c>.</summary>
    Protobuf,
}

/// <summary>What a client accepts, as far as it matters: the best of its list that can be served.</summary>
/// <param name="Shape">Object, Table or metadata.</param>
/// <param name="Version">Version of meta.k8s.io for a Table or metadata: <c>v1</c> or <c>v1beta1</c>.</param>
/// <param name="Format">The encoding.</param>
public sealed record Accepted(AnswerShape Shape, string Version, AnswerFormat Format)
{
    /// <summary>What can be served, for the 406.</summary>
    public static readonly string[] Served = [JsonType, YamlType, ProtobufType];

    /// <summary>JSON.</summary>
    public const string JsonType = "application/json";

    /// <summary>YAML.</summary>
    public const string YamlType = "application/yaml";

    /// <summary>Kubernetes' protobuf.</summary>
    public const string ProtobufType = "application/vnd.kubernetes.protobuf";

    private static readonly string[] s_custom = [JsonType, YamlType];
    private static readonly string[] s_watched = [JsonType + ";stream=watch", ProtobufType + ";stream=watch"];
    private static readonly string[] s_customWatched = [JsonType + ";stream=watch"];

    private static readonly FrozenSet<(string Group, string Version, string Plural)> s_builtIn =
        BuiltInTypes.All.Select(type => (type.Type.Group, type.Type.Version, type.Type.Plural)).ToFrozenSet();

    // Kinds that can only be created (reviews) have no columns and nothing to list: a Table of one is not to be had, as upstream.
    private static readonly FrozenSet<(string Group, string Version, string Plural)> s_questions =
        BuiltInTypes.All.Where(type => type.Verbs is ["create"]).Select(type => (type.Type.Group, type.Type.Version, type.Type.Plural)).ToFrozenSet();

    private static readonly Accepted s_json = new(AnswerShape.Object, "v1", AnswerFormat.Json);

    /// <summary>Whether YAML is wanted.</summary>
    public bool Yaml => Format == AnswerFormat.Yaml;

    /// <summary>What can be served for a request: protobuf for built-in kinds only, as only they have numbered fields; no YAML in a watch.</summary>
    public static string[] ServedFor(RequestInfo info)
    {
        var wired = s_builtIn.Contains((info.Group, info.Version, info.Resource));
        return info.Verb == "watch" ? wired ? s_watched : s_customWatched : wired ? Served : s_custom;
    }

    /// <summary>Reads the Accept header of a request; null where nothing of it can be served.</summary>
    public static Accepted? Parse(string header, RequestInfo info) =>
        Parse(header, s_builtIn.Contains((info.Group, info.Version, info.Resource)), info.Verb == "watch", !s_questions.Contains((info.Group, info.Version, info.Resource)));

    /// <summary>Reads an Accept header; null where nothing of it can be served.</summary>
    /// <param name="header">The header; empty for none, which is JSON.</param>
    /// <param name="protobuf">Whether protobuf can be served.</param>
    /// <param name="watch">Whether the answer is a watch.</param>
    /// <param name="tables">Whether a Table can be served.</param>
    /// <remarks>
    /// Preferences by q, then what is named before what is a wildcard, then the order of the header: k8s.io/apiserver's negotiation. A
    /// shape that cannot be served in a format (a Table in protobuf) passes to the next preference.
    /// </remarks>
    public static Accepted? Parse(string header, bool protobuf = true, bool watch = false, bool tables = true)
    {
        if (header.Length == 0 || header == JsonType)
        {
            return s_json;
        }

        var clauses = header.Split(',').Select(Clause.Read).Where(clause => clause is not null).OfType<Clause>()
            .OrderByDescending(clause => clause.Quality).ThenBy(clause => clause.Wildcards);
        foreach (var clause in clauses)
        {
            if (One(clause, protobuf, watch, tables) is { } accepted)
            {
                return accepted;
            }
        }

        return null;
    }

    private static Accepted? One(Clause clause, bool protobuf, bool watch, bool tables)
    {
        if (clause.Stream.Length > 0 && !(watch && clause.Stream == "watch"))
        {
            return null;
        }

        AnswerFormat format;
        switch (clause.MediaType)
        {
            case JsonType or "*/*" or "application/*":
                format = AnswerFormat.Json;
                break;
            case YamlType when !watch:
                format = AnswerFormat.Yaml;
                break;
            case ProtobufType when protobuf:
                format = AnswerFormat.Protobuf;
                break;
            default:
                return null;
        }

        var known = clause.Group == "meta.k8s.io" && clause.Version is "v1" or "v1beta1";
        return clause.Shape switch
        {
            "" => format == AnswerFormat.Json ? s_json : s_json with { Format = format },
            "Table" when known && tables && format != AnswerFormat.Protobuf => new(AnswerShape.Table, clause.Version, format),
            "PartialObjectMetadata" or "PartialObjectMetadataList" when known => new(AnswerShape.Metadata, clause.Version, format),
            _ => null,
        };
    }

    /// <summary>One preference of the header.</summary>
    private sealed record Clause(string MediaType, double Quality, string Shape, string Group, string Version, string Stream)
    {
        /// <summary>How unspecific the type is.</summary>
        public int Wildcards => MediaType switch { "*/*" => 2, _ when MediaType.EndsWith("/*", StringComparison.Ordinal) => 1, _ => 0 };

        public static Clause? Read(string text)
        {
            var words = text.Split(';', StringSplitOptions.TrimEntries);
            if (words[0].Length == 0)
            {
                return null;
            }

            var clause = new Clause(words[0].ToLowerInvariant(), 1, "", "", "", "");
            foreach (var word in words.AsSpan(1))
            {
                var equals = word.IndexOf('=');
                if (equals < 0)
                {
                    continue;
                }

                var value = word[(equals + 1)..].Trim().Trim('"');
                clause = word[..equals].Trim() switch
                {
                    "as" => clause with { Shape = value },
                    "g" => clause with { Group = value },
                    "v" => clause with { Version = value },
                    "stream" => clause with { Stream = value },
                    "q" when double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var quality) => clause with { Quality = quality },
                    _ => clause,
                };
            }

            return clause;
        }
    }
}
