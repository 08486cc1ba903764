using System.Text.Json.Nodes;
using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Persistent volumes and their claims.</summary>
public sealed class StorageTests(ControlPlane api)
{
    private const string Volumes = "/api/v1/persistentvolumes";

    [Conformance("[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC")]
    public async Task Lifecycle()
    {
        var (ns, label) = await BeginAsync();
        var claims = $"/api/v1/namespaces/{ns}/persistentvolumeclaims";
        var (volume, claim) = await CreateAsync(ns, claims, label);
        Assert.Single((await api.GetAsync($"{Volumes}?labelSelector={label}")).Items);
        Assert.Single((await api.GetAsync(claims)).Items);

        (await api.SendAsync("PATCH", volume, $$$"""{"metadata":{"labels":{"{{{ns}}}-patched":"patched"} } }""", "application/strategic-merge-patch+json")).Expect(200);
        (await api.SendAsync("PATCH", claim, $$$"""{"metadata":{"labels":{"{{{ns}}}-patched":"patched"} } }""", "application/strategic-merge-patch+json")).Expect(200);
        Assert.Equal("patched", (await api.GetAsync(volume)).At($"metadata.labels.{ns}-patched"));
        Assert.Equal("patched", (await api.GetAsync(claim)).At($"metadata.labels.{ns}-patched"));
        await api.DeleteAsync(claim);
        await api.GoneAsync(claim);
        await api.DeleteAsync(volume);
        await api.GoneAsync(volume);

        (volume, claim) = await CreateAsync(ns, claims, label);
        Assert.Equal("updated", (await api.UpdateAsync(volume, value => value["metadata"]!["labels"]!["changed"] = "updated")).At("metadata.labels.changed"));
        Assert.Equal("updated", (await api.UpdateAsync(claim, value => value["metadata"]!["labels"]!["changed"] = "updated")).At("metadata.labels.changed"));
        Assert.Single((await api.GetAsync($"/api/v1/persistentvolumeclaims?labelSelector={label}")).Items);
        await api.DeleteAsync($"{claims}?labelSelector=changed%3Dupdated");
        await api.EventuallyAsync(claims, list => list.Items.Count == 0, "no claims");
        await api.DeleteAsync($"{Volumes}?labelSelector={label}");
        await api.EventuallyAsync($"{Volumes}?labelSelector={label}", list => list.Items.Count == 0, "no volumes");
    }

    [Conformance("[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status")]
    public async Task Status()
    {
        var (ns, label) = await BeginAsync();
        var (volume, claim) = await CreateAsync(ns, $"/api/v1/namespaces/{ns}/persistentvolumeclaims", label);
        (await api.SendAsync("GET", claim + "/status")).Expect(200);
        (await api.SendAsync("GET", volume + "/status")).Expect(200);

        const string Condition = """{"type":"StatusPatched","status":"True","reason":"E2E patchStatus","message":"Set from e2e test","lastProbeTime":null,"lastTransitionTime":"2024-01-01T00:00:00Z"}""";
        var patched = (await api.SendAsync("PATCH", claim + "/status", "{\"status\":{\"conditions\":[" + Condition + "]}}")).Expect(200);
        Assert.Equal(("StatusPatched", "E2E patchStatus"), (patched.At("status.conditions.0.type"), patched.At("status.conditions.0.reason")));
        var patchedVolume = (await api.SendAsync("PATCH", volume + "/status", """{"status":{"message":"StatusPatched","reason":"E2E patchStatus"}}""")).Expect(200);
        Assert.Equal(("StatusPatched", "E2E patchStatus"), (patchedVolume.At("status.message"), patchedVolume.At("status.reason")));

        var updated = await api.UpdateAsync(
            claim, value => ((JsonArray)value["status"]!["conditions"]!).Add(JsonNode.Parse(Condition.Replace("Patched", "Updated", StringComparison.Ordinal).Replace("patch", "update", StringComparison.Ordinal))), "/status");
        Assert.Contains("StatusUpdated", updated.Json["status"]!["conditions"]!.AsArray().Select(condition => condition!["type"]!.ToString()));
        var updatedVolume = await api.UpdateAsync(volume, value => (value["status"]!["reason"], value["status"]!["message"]) = ("E2E updateStatus", "StatusUpdated"), "/status");
        Assert.Equal(("StatusUpdated", "E2E updateStatus"), (updatedVolume.At("status.message"), updatedVolume.At("status.reason")));
        await api.DeleteAsync(claim);
        await api.DeleteAsync(volume);
    }

    private async Task<(string Namespace, string Label)> BeginAsync()
    {
        var ns = await api.NamespaceAsync();
        return (ns, $"e2e-pv-pool%3D{ns}");
    }

    // The two name each other, and a class that no provisioner serves.
    private async Task<(string Volume, string Claim)> CreateAsync(string ns, string claims, string label)
    {
        var labels = $$$"""{"e2e-pv-pool":"{{{label.Split("%3D")[1]}}}"}""";
        var volume = (await api.CreateAsync(Volumes, $$$"""
            {"metadata":{"generateName":"pv-{{{ns}}}-","labels":{{{labels}}}},
             "spec":{"capacity":{"storage":"2Gi"},"accessModes":["ReadWriteOnce"],"storageClassName":"sc-{{{ns}}}","persistentVolumeReclaimPolicy":"Retain",
              "csi":{"driver":"e2e-driver-{{{ns}}}","volumeHandle":"e2e-conformance"} }}
            """)).At("metadata.name");
        var claim = (await api.CreateAsync(claims, $$$"""
            {"metadata":{"generateName":"pvc-","labels":{{{labels}}}},
             "spec":{"accessModes":["ReadWriteOnce"],"storageClassName":"sc-{{{ns}}}","volumeName":"{{{volume}}}","resources":{"requests":{"storage":"1Gi"} } }}
            """)).At("metadata.name");
        return ($"{Volumes}/{volume}", $"{claims}/{claim}");
    }
}
