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

    /// <summary>A boolean as upstream reads one: anything but <c>false</c> and <c>0</c>, in any case of letters (clients in Python send <c>True</c>), and present without a value.</summary>
    public bool Flag(string name) => values.TryGetValue(name, out var found) && !(found.Count > 0 && (found[0] == "0" || string.Equals(found[0], "false", StringComparison.OrdinalIgnoreCase)));

    /// <summary>A whole number, or null.</summary>
    public long? Number(string name) => long.TryParse(this[name], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
