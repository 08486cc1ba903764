using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace KubeAspire.ApiServer.Requests;

/// <summary>The query parameters of a request.</summary>
public sealed class RequestQuery(IReadOnlyDictionary<string, StringValues> values)
{
    /// <summary>No parameters.</summary>
    public static RequestQuery Empty { get; } = new(new Dictionary<string, StringValues>());

    /// <summary>A parameter's first value; empty where absent.</summary>
    public string this[string name] => values.TryGetValue(name, out var found) && found.Count > 0 ? found[0] ?? "" : "";

    /// <summary>All values of a parameter.</summary>
    public StringValues All(string name) => values.TryGetValue(name, out var found) ? found : StringValues.Empty;

    /// <summary>Whether the parameter was given at all.</summary>
    public bool Has(string name) => values.ContainsKey(name);

    /// <summary>A boolean as upstream reads one: <c>true</c>, <c>1</c>, and present without a value.</summary>
    public bool Flag(string name) => values.TryGetValue(name, out var found) && (found.Count == 0 || found[0] is "" or "true" or "1" or "True" or "TRUE" or "t" or "T");

    /// <summary>A whole number, or null.</summary>
    public long? Number(string name) => long.TryParse(this[name], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
