using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>Where a list goes on: opaque to clients.</summary>
/// <param name="Revision">The revision that the list shows; −1 for whatever is newest, once the first one is compacted.</param>
/// <param name="Namespace">Namespace of the last object returned.</param>
/// <param name="Name">Its name.</param>
internal sealed record ContinueToken(long Revision, string Namespace, string Name)
{
    private const string Version = "meta.k8s.io/v1";

    public StateKey After(string collection) => new(collection, Namespace, Name);

    public string Encode()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("v", Version);
            writer.WriteNumber("rv", Revision);
            writer.WriteString("start", $"{Namespace}/{Name}");
            writer.WriteEndObject();
        }

        return Base64Url.EncodeToString(buffer.ToArray());
    }

    /// <summary>Reads a token; null where it is none of ours.</summary>
    public static ContinueToken? Decode(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(text));
            var root = document.RootElement;
            var start = root.GetProperty("start").GetString()!;
            var slash = start.IndexOf('/');
            return root.GetProperty("v").GetString() == Version && slash >= 0
                ? new(root.GetProperty("rv").GetInt64(), start[..slash], start[(slash + 1)..]) : null;
        }
        catch (Exception broken) when (broken is FormatException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
