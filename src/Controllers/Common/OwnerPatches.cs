using System.Text;
using System.Text.Json;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;

namespace KubeAspire.Controllers.Common;

/// <summary>The patches by which a controller takes an object or lets it go. Both name the uid, so they never hit a namesake.</summary>
internal static class OwnerPatches
{
    /// <summary>Adds the controller's owner reference.</summary>
    public static ApiPatch Adopt(ResourceType type, ObjectMeta owner, string uid) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("apiVersion", type.ApiVersion);
        writer.WriteString("kind", type.Kind);
        writer.WriteString("name", owner.Name);
        writer.WriteString("uid", owner.Uid);
        writer.WriteBoolean("controller", true);
        writer.WriteBoolean("blockOwnerDeletion", true);
        writer.WriteEndObject();
    }, uid);

    /// <summary>Removes the owner reference of one uid.</summary>
    public static ApiPatch Release(string ownerUid, string uid) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("$patch", "delete");
        writer.WriteString("uid", ownerUid);
        writer.WriteEndObject();
    }, uid);

    /// <summary>A merge patch of <c>metadata.annotations</c>, <c>labels</c> or the like, written by hand.</summary>
    public static ApiPatch Merge(string json) => new(PatchKind.Merge, Encoding.UTF8.GetBytes(json));

    private static ApiPatch Write(Action<Utf8JsonWriter> reference, string uid)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata");
            writer.WriteStartArray("ownerReferences");
            reference(writer);
            writer.WriteEndArray();
            writer.WriteString("uid", uid);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return new ApiPatch(PatchKind.StrategicMerge, stream.ToArray());
    }
}
