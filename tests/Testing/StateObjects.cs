using System.Text;
using KubeAspire.StateStore;

namespace KubeAspire.Testing;

/// <summary>Small objects with the gap for their resourceVersion.</summary>
public static class StateObjects
{
    private const string Before = "{\"metadata\":{\"resourceVersion\":\"";

    /// <summary>The key of a pod.</summary>
    public static StateKey Pod(string name, string ns = "default") => new("pods", ns, name);

    /// <summary>An object to store.</summary>
    public static StateValue Value(string text) => new(Encoding.UTF8.GetBytes($"{Before}\"}},\"data\":\"{text}\"}}"), Before.Length);

    /// <summary>The JSON of <see cref="Value"/> as it reads once stored at a revision.</summary>
    public static string Stored(string text, long revision) => $"{Before}{revision}\"}},\"data\":\"{text}\"}}";

    /// <summary>An entry's JSON; empty for none.</summary>
    public static string Text(this StateEntry? entry) => entry is null ? "" : Encoding.UTF8.GetString(entry.Json.Span);
}
