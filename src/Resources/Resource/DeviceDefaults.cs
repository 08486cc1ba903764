using System.Text.Json.Nodes;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Resource;

/// <summary>What requests for devices set where a field is absent.</summary>
/// <remarks>Upstream's pkg/apis/resource/v1/defaults.go.</remarks>
internal static class DeviceDefaults
{
    public static void Claim(JsonObject? spec)
    {
        foreach (var request in spec.Child("devices").Items("requests"))
        {
            if (request.Child("exactly") is { } exactly)
            {
                Request(exactly);
            }

            foreach (var sub in request.Items("firstAvailable"))
            {
                Request(sub);
            }
        }
    }

    private static void Request(JsonObject request)
    {
        request.DefaultText("allocationMode", "ExactCount");
        if (request.Text("allocationMode") == "ExactCount")
        {
            request.DefaultNumber("count", 1);
        }

        foreach (var toleration in request.Items("tolerations"))
        {
            toleration.DefaultText("operator", "Equal");
        }
    }
}
