using System.Globalization;
using System.Text.Json;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Common;

/// <summary>The condition that tells a pod's owner that it was taken away and did not fail.</summary>
internal static class DisruptionTarget
{
    /// <summary>A strategic merge patch of the status: the condition, and a phase where one is given. Names the uid.</summary>
    public static byte[] Patch(Pod pod, string reason, string message, string? phase, DateTimeOffset now)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata");
            writer.WriteString("uid", pod.Metadata.Uid);
            writer.WriteEndObject();
            writer.WriteStartObject("status");
            if (phase is not null)
            {
                writer.WriteString("phase", phase);
            }

            writer.WriteStartArray("conditions");
            writer.WriteStartObject();
            writer.WriteString("type", "DisruptionTarget");
            writer.WriteString("status", "True");
            writer.WriteString("reason", reason);
            writer.WriteString("message", message);
            writer.WriteString("lastTransitionTime", now.UtcDateTime.ToString(TimeConverter.Format, CultureInfo.InvariantCulture));
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }
}
