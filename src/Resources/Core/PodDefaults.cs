using System.Text.Json.Nodes;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>The values upstream sets in a pod's spec where a field is absent.</summary>
/// <remarks>pkg/apis/core/v1/defaults.go. A template gets all but <see cref="ApplyPodOnly"/>.</remarks>
internal static class PodDefaults
{
    private static readonly string[] s_containerLists = ["initContainers", "containers", "ephemeralContainers"];
    private static readonly string[] s_probes = ["livenessProbe", "readinessProbe", "startupProbe"];
    private static readonly string[] s_hooks = ["postStart", "preStop"];

    /// <summary>Octal 0644: what files made from ConfigMaps and Secrets may be used for.</summary>
    private const int FileMode = 420;

    /// <summary>Completes the template of a workload.</summary>
    public static void ApplyTemplate(JsonObject template) => Apply(template.Ensure("spec"));

    /// <summary>Completes a spec, of a pod or of a template.</summary>
    public static void Apply(JsonObject spec)
    {
        spec.DefaultText("restartPolicy", "Always");
        spec.DefaultText("dnsPolicy", "ClusterFirst");
        spec.DefaultText("schedulerName", "default-scheduler");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("securityContext", new JsonObject());
        ShareServiceAccount(spec);
        foreach (var container in s_containerLists.SelectMany(list => spec.Items(list)))
        {
            ApplyContainer(container);
        }

        foreach (var volume in spec.Items("volumes"))
        {
            ApplyVolume(volume);
        }
    }

    /// <summary>Completes what only a pod gets: a workload's template keeps what its author wrote.</summary>
    public static void ApplyPodOnly(JsonObject spec)
    {
        spec.Default("enableServiceLinks", true);
        foreach (var container in spec.Items("containers").Concat(spec.Items("initContainers")))
        {
            RequestWhatIsLimited(container);
            foreach (var port in spec.IsTrue("hostNetwork") ? container.Items("ports") : [])
            {
                if (port["containerPort"] is { } number)
                {
                    port.DefaultNumber("hostPort", number.GetValueKind() == System.Text.Json.JsonValueKind.Number ? (int)(port.Number("containerPort") ?? 0) : 0);
                }
            }
        }
    }

    // serviceAccount is the old name of serviceAccountName; upstream answers with both.
    private static void ShareServiceAccount(JsonObject spec)
    {
        var name = spec.Text("serviceAccountName") is { Length: > 0 } current ? current : spec.Text("serviceAccount");
        if (!string.IsNullOrEmpty(name))
        {
            spec["serviceAccountName"] = name;
            spec["serviceAccount"] = name;
        }
    }

    private static void RequestWhatIsLimited(JsonObject container)
    {
        if (container.Child("resources") is not { } resources || resources.Child("limits") is not { Count: > 0 } limits)
        {
            return;
        }

        var requests = resources.Ensure("requests");
        foreach (var (name, limit) in limits)
        {
            if (requests[name] is null && limit is not null)
            {
                requests[name] = limit.DeepClone();
            }
        }
    }

    private static void ApplyContainer(JsonObject container)
    {
        container.DefaultText("terminationMessagePath", "/dev/termination-log");
        container.DefaultText("terminationMessagePolicy", "File");
        container.DefaultText("imagePullPolicy", PullPolicy(container.Text("image")));
        container.Default("resources", new JsonObject());
        foreach (var port in container.Items("ports"))
        {
            port.DefaultText("protocol", "TCP");
        }

        foreach (var probe in s_probes.Select(container.Child).OfType<JsonObject>())
        {
            probe.DefaultNumber("timeoutSeconds", 1);
            probe.DefaultNumber("periodSeconds", 10);
            probe.DefaultNumber("successThreshold", 1);
            probe.DefaultNumber("failureThreshold", 3);
            ApplyHandler(probe);
            probe.Child("grpc")?.Default("service", "");
        }

        foreach (var hook in s_hooks.Select(name => container.Child("lifecycle").Child(name)).OfType<JsonObject>())
        {
            ApplyHandler(hook);
        }

        foreach (var source in container.Items("env").Select(variable => variable.Child("valueFrom")).OfType<JsonObject>())
        {
            ApplyFieldReference(source);
        }
    }

    private static void ApplyHandler(JsonObject handler)
    {
        if (handler.Child("httpGet") is { } get)
        {
            get.DefaultText("path", "/");
            get.DefaultText("scheme", "HTTP");
        }
    }

    private static void ApplyFieldReference(JsonObject source)
    {
        source.Child("fieldRef")?.DefaultText("apiVersion", "v1");
        source.Child("resourceFieldRef")?.Default("divisor", "0");
        source.Child("fileKeyRef")?.Default("optional", false);
    }

    /// <summary>Always for the tag latest, written or meant; otherwise IfNotPresent.</summary>
    internal static string PullPolicy(string? image)
    {
        if (string.IsNullOrEmpty(image))
        {
            return "IfNotPresent"; // No name, no tag: upstream's parser answers with none.
        }

        var digest = image.IndexOf('@', StringComparison.Ordinal);
        var name = digest < 0 ? image : image[..digest];
        var colon = name.LastIndexOf(':');
        var tag = colon > name.LastIndexOf('/') ? name[(colon + 1)..] : null;
        return tag == "latest" || (tag is null && digest < 0) ? "Always" : "IfNotPresent";
    }

    private static void ApplyVolume(JsonObject volume)
    {
        if (volume.All(member => member.Key == "name" || member.Value is null))
        {
            volume["emptyDir"] = new JsonObject();
        }

        volume.Child("secret")?.Default("defaultMode", FileMode);
        volume.Child("configMap")?.Default("defaultMode", FileMode);
        volume.Child("hostPath")?.Default("type", "");
        volume.Child("iscsi")?.DefaultText("iscsiInterface", "default");
        volume.Child("ephemeral").Child("volumeClaimTemplate").Child("spec")?.DefaultText("volumeMode", "Filesystem");
        if (volume.Child("image") is { } image)
        {
            image.DefaultText("pullPolicy", PullPolicy(image.Text("reference")));
        }

        if (volume.Child("downwardAPI") is { } downward)
        {
            downward.Default("defaultMode", FileMode);
            ApplyDownwardItems(downward);
        }

        if (volume.Child("projected") is { } projected)
        {
            projected.Default("defaultMode", FileMode);
            foreach (var source in projected.Items("sources"))
            {
                source.Child("serviceAccountToken")?.Default("expirationSeconds", 3600);
                ApplyDownwardItems(source.Child("downwardAPI"));
            }
        }
    }

    private static void ApplyDownwardItems(JsonObject? downward)
    {
        foreach (var item in downward.Items("items"))
        {
            ApplyFieldReference(item);
        }
    }
}
