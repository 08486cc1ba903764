using KubeAspire.Conformance.Harness;

namespace KubeAspire.Conformance;

/// <summary>Quotas: what is counted, from its birth to its end.</summary>
public sealed class QuotaTests(ControlPlane api)
{
    private const string Pod = """{"metadata":{"name":"test-pod"},"spec":{"containers":[{"name":"pause","image":"pause","resources":{"requests":{"cpu":"500m","memory":"252Mi","ephemeral-storage":"30Gi","example.com/dongle":"2"},"limits":{"example.com/dongle":"2"}}}]}}""";

    [Conformance("[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated.")]
    public async Task Calculated() => await QuotaAsync(await RootAsync(), """{"pods":"5","services":"10","replicationcontrollers":"10","cpu":"1","memory":"500Mi","secrets":"10"}""", ("pods", "0"), ("services", "0"), ("cpu", "0"));

    [Conformance("[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service.")]
    public async Task Services()
    {
        var root = await RootAsync();
        var quota = await QuotaAsync(root, """{"services":"2","services.nodeports":"1","services.loadbalancers":"1"}""", ("services", "0"));
        await api.CreateAsync(root + "/services", """{"metadata":{"name":"test-service"},"spec":{"type":"ClusterIP","ports":[{"port":80}]}}""");
        await api.CreateAsync(root + "/services", """{"metadata":{"name":"test-service-np"},"spec":{"type":"NodePort","ports":[{"port":80}]}}""");
        await UsedAsync(quota, ("services", "2"), ("services.nodeports", "1"), ("services.loadbalancers", "0"));
        (await api.SendAsync("POST", root + "/services", """{"metadata":{"name":"lb"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}""")).ExpectRefusal(403, "Forbidden", "exceeded quota: test-quota");
        await api.DeleteAsync(root + "/services/test-service");
        await api.DeleteAsync(root + "/services/test-service-np");
        await UsedAsync(quota, ("services", "0"), ("services.nodeports", "0"));
    }

    [Conformance("[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret.")]
    public Task Secrets() => LifeAsync("/api/v1", "secrets", """{"metadata":{"name":"test"}}""", "secrets");

    [Conformance("[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap.")]
    public Task ConfigMaps() => LifeAsync("/api/v1", "configmaps", """{"metadata":{"name":"test"}}""", "configmaps");

    [Conformance("[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replication controller.")]
    public Task Controllers() => LifeAsync(
        "/api/v1", "replicationcontrollers", """{"metadata":{"name":"test"},"spec":{"replicas":0,"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""", "replicationcontrollers");

    [Conformance("[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replica set.")]
    public Task ReplicaSets() => LifeAsync(
        "/apis/apps/v1", "replicasets", """{"metadata":{"name":"test"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""", "count/replicasets.apps");

    [Conformance("[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a pod.")]
    public async Task Pods()
    {
        var root = await RootAsync();
        var quota = await QuotaAsync(root, """{"pods":"5","cpu":"1","memory":"500Mi","ephemeral-storage":"50Gi","requests.example.com/dongle":"3"}""", ("pods", "0"));
        await api.CreateAsync(root + "/pods", Pod);
        await UsedAsync(quota, ("pods", "1"), ("cpu", "500m"), ("memory", "252Mi"), ("ephemeral-storage", "30Gi"), ("requests.example.com/dongle", "2"));
        (await api.SendAsync("POST", root + "/pods", Named("cpu", Pod).Replace("500m", "600m", StringComparison.Ordinal))).ExpectRefusal(403, "Forbidden", "exceeded quota: test-quota, requested: ");
        (await api.SendAsync("POST", root + "/pods", Named("dongle", Pod).Replace("252Mi", "1Mi", StringComparison.Ordinal).Replace("30Gi", "1Gi", StringComparison.Ordinal).Replace("500m", "1m", StringComparison.Ordinal)))
            .ExpectRefusal(403, "Forbidden", "requests.example.com/dongle");
        await api.PatchAsync(root + "/pods/test-pod", """{"metadata":{"labels":{"changed":"true"}}}""");
        (await api.SendAsync("PATCH", root + "/pods/test-pod", """[{"op":"replace","path":"/spec/containers/0/resources/requests/cpu","value":"1"}]""", "application/json-patch+json")).ExpectRefusal(422, "Invalid");
        await UsedAsync(quota, ("pods", "1"), ("cpu", "500m"));
        await api.DeleteAsync(root + "/pods/test-pod");
        await UsedAsync(quota, ("pods", "0"), ("cpu", "0"), ("memory", "0"), ("requests.example.com/dongle", "0"));
    }

    [Conformance("[sig-api-machinery] ResourceQuota should verify ResourceQuota with terminating scopes.")]
    public async Task TerminatingScopes()
    {
        var root = await RootAsync();
        const string Hard = """{"pods":"5","requests.cpu":"1","limits.cpu":"2"}""";
        var terminating = await QuotaAsync(root, Hard, "quota-terminating", "Terminating", ("pods", "0"));
        var lasting = await QuotaAsync(root, Hard, "quota-not-terminating", "NotTerminating", ("pods", "0"));
        const string Long = """{"metadata":{"name":"long"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"500m"},"limits":{"cpu":"1"}}}]}}""";
        await api.CreateAsync(root + "/pods", Long);
        await UsedAsync(lasting, ("pods", "1"), ("requests.cpu", "500m"), ("limits.cpu", "1"));
        await UsedAsync(terminating, ("pods", "0"), ("requests.cpu", "0"));
        await api.DeleteAsync(root + "/pods/long");
        await UsedAsync(lasting, ("pods", "0"));
        await api.CreateAsync(root + "/pods", Long.Replace("\"long\"", "\"short\"", StringComparison.Ordinal).Replace("\"spec\":{", "\"spec\":{\"activeDeadlineSeconds\":3600,", StringComparison.Ordinal));
        await UsedAsync(terminating, ("pods", "1"), ("requests.cpu", "500m"), ("limits.cpu", "1"));
        await UsedAsync(lasting, ("pods", "0"));
        await api.DeleteAsync(root + "/pods/short");
        await UsedAsync(terminating, ("pods", "0"), ("requests.cpu", "0"));
    }

    [Conformance("[sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope.")]
    public async Task BestEffortScope()
    {
        var root = await RootAsync();
        var best = await QuotaAsync(root, """{"pods":"5"}""", "quota-besteffort", "BestEffort", ("pods", "0"));
        var other = await QuotaAsync(root, """{"pods":"5"}""", "quota-not-besteffort", "NotBestEffort", ("pods", "0"));
        await api.CreateAsync(root + "/pods", """{"metadata":{"name":"best"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        await UsedAsync(best, ("pods", "1"));
        await UsedAsync(other, ("pods", "0"));
        await api.DeleteAsync(root + "/pods/best");
        await UsedAsync(best, ("pods", "0"));
        await api.CreateAsync(root + "/pods", Pod);
        await UsedAsync(other, ("pods", "1"));
        await UsedAsync(best, ("pods", "0"));
        await api.DeleteAsync(root + "/pods/test-pod");
        await UsedAsync(other, ("pods", "0"));
    }

    [Conformance("[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota.")]
    public async Task UpdateAndDelete()
    {
        var path = await RootAsync() + "/resourcequotas";
        var made = await api.CreateAsync(path, """{"metadata":{"name":"test-quota"},"spec":{"hard":{"cpu":"1","memory":"500Mi"}}}""");
        Assert.Equal(("1", "500Mi"), (made.At("spec.hard.cpu"), made.At("spec.hard.memory")));
        await api.UpdateAsync(path + "/test-quota", value => (value["spec"]!["hard"]!["cpu"], value["spec"]!["hard"]!["memory"]) = ("2", "1Gi"));
        var read = await api.GetAsync(path + "/test-quota");
        Assert.Equal(("2", "1Gi"), (read.At("spec.hard.cpu"), read.At("spec.hard.memory")));
        await api.DeleteAsync(path + "/test-quota");
        (await api.SendAsync("GET", path + "/test-quota")).ExpectRefusal(404, "NotFound");
    }

    [Conformance("[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota")]
    public async Task Lifecycle()
    {
        var path = await RootAsync() + "/resourcequotas";
        await api.CreateAsync(path, """{"metadata":{"name":"e2e-quota","labels":{"e2e-life":"true"}},"spec":{"hard":{"cpu":"500m","memory":"250Mi"}}}""");
        Assert.Equal("500m", (await api.GetAsync(path + "/e2e-quota")).At("spec.hard.cpu"));
        Assert.Contains((await api.GetAsync("/api/v1/resourcequotas?labelSelector=e2e-life%3Dtrue")).Items, quota => path.Contains(quota.At("metadata.namespace"), StringComparison.Ordinal));
        var patched = (await api.SendAsync("PATCH", path + "/e2e-quota", """{"metadata":{"labels":{"patched":"true"}},"spec":{"hard":{"memory":"750Mi"}}}""", "application/strategic-merge-patch+json")).Expect(200);
        Assert.Equal(("true", "750Mi"), (patched.At("metadata.labels.patched"), patched.At("spec.hard.memory")));
        await api.DeleteAsync(path + "?labelSelector=e2e-life%3Dtrue");
        Assert.Empty((await api.GetAsync(path)).Items);
    }

    [Conformance("[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status")]
    public async Task Status()
    {
        var path = await RootAsync() + "/resourcequotas";
        await api.CreateAsync(path, """{"metadata":{"name":"e2e-rq"},"spec":{"hard":{"cpu":"500m","memory":"500Mi"}}}""");
        await api.EventuallyAsync(path + "/e2e-rq", quota => quota.At("status.hard.cpu") == "500m" && quota.At("status.hard.memory") == "500Mi", "a status");
        await api.UpdateAsync(path + "/e2e-rq", value => value["status"]!["hard"] = value["spec"]!["hard"]!.DeepClone(), "/status");
        await EqualAsync("500m", "500Mi");
        await api.PatchAsync(path + "/e2e-rq", """{"spec":{"hard":{"cpu":"1","memory":"1Gi"}}}""");
        await api.PatchAsync(path + "/e2e-rq/status", """{"status":{"hard":{"cpu":"1","memory":"1Gi"}}}""");
        await EqualAsync("1", "1Gi");
        // Whoever writes the status, what was asked for stays as it is.
        await api.PatchAsync(path + "/e2e-rq/status", """{"status":{"hard":{"cpu":"2","memory":"2Gi"}}}""");
        Assert.Equal("1", (await api.GetAsync(path + "/e2e-rq")).At("spec.hard.cpu"));

        Task<Answer> EqualAsync(string cpu, string memory) => api.EventuallyAsync(
            path + "/e2e-rq/status",
            quota => (quota.At("status.hard.cpu"), quota.At("status.hard.memory")) == (cpu, memory) && (quota.At("spec.hard.cpu"), quota.At("spec.hard.memory")) == (cpu, memory),
            $"{cpu} and {memory}");
    }

    private static string Named(string name, string body) => body.Replace("test-pod", name, StringComparison.Ordinal);

    private async Task<string> RootAsync() => "/api/v1/namespaces/" + await api.NamespaceAsync();

    private async Task LifeAsync(string group, string plural, string body, string counted)
    {
        var root = await RootAsync();
        var path = $"{group}{root["/api/v1".Length..]}/{plural}";
        var already = (await api.EventuallyAsync(path, list => plural != "configmaps" || list.Items.Count == 1, "what every namespace has")).Items.Count;
        var quota = await QuotaAsync(root, $$$"""{"{{{counted}}}":"10"}""", (counted, $"{already}"));
        await api.CreateAsync(path, body);
        await UsedAsync(quota, (counted, $"{already + 1}"));
        await api.DeleteAsync(path + "/test");
        await UsedAsync(quota, (counted, $"{already}"));
    }

    private Task<string> QuotaAsync(string root, string hard, params (string Name, string Used)[] used) => QuotaAsync(root, hard, "test-quota", null, used);

    private async Task<string> QuotaAsync(string root, string hard, string name, string? scope, params (string Name, string Used)[] used)
    {
        var scopes = scope is null ? "" : $",\"scopes\":[\"{scope}\"]";
        await api.CreateAsync(root + "/resourcequotas", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"hard":{{{hard}}}{{{scopes}}}} }""");
        var path = $"{root}/resourcequotas/{name}";
        await UsedAsync(path, used);
        return path;
    }

    private Task<Answer> UsedAsync(string quota, params (string Name, string Used)[] used) => api.EventuallyAsync(
        quota, found => used.All(one => found.At($"status.used.[{one.Name}]") == one.Used && found.At($"status.hard.[{one.Name}]") == found.At($"spec.hard.[{one.Name}]")), "used " + string.Join(", ", used));
}
