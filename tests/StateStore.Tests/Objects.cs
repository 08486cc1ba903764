using System.Text;

namespace KubeAspire.StateStore.Tests;

/// <summary>Small objects with the gap for their resourceVersion.</summary>
internal static class Objects
{
    private const string Before = """{"metadata":{"resourceVersion":""";

    public static StateKey Pod(string name, string ns = "default") => new("pods", ns, name);

    public static StateValue Value(string text) => new(Encoding.UTF8.GetBytes($$"""{{Before}}""},"data":"{{text}}"}"""), Before.Length + 1);

    public static string Stored(string text, long revision) => $$"""{{Before}}"{{revision}}"},"data":"{{text}}"}""";

    public static string Text(this StateEntry? entry) => entry is null ? "" : Encoding.UTF8.GetString(entry.Json.Span);
}
