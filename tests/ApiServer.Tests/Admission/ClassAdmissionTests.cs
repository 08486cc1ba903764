namespace KubeAspire.ApiServer.Tests.Admission;

/// <summary>What a pod or a claim gets of the class that it names, or of the default one. On a server of its own: classes are the cluster's.</summary>
public sealed class ClassAdmissionTests : IAsyncLifetime
{
    private readonly ApiFixture _api = new();

    public ValueTask InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task APod_GetsTheNumberOfItsPriorityClass()
    {
        var ns = await _api.NamespaceAsync();
        await MakeAsync("/apis/scheduling.k8s.io/v1/priorityclasses", """{"metadata":{"name":"high"},"value":1000,"preemptionPolicy":"Never"}""");
        var made = await PodAsync(ns, "a", "\"priorityClassName\":\"high\"");
        Assert.Equal(("1000", "Never"), (made.At("spec.priority"), made.At("spec.preemptionPolicy")));
        Assert.Equal(("0", "PreemptLowerPriority"), await PriorityAsync(ns, "b", ""));

        var unknown = await PodAsync(ns, "c", "\"priorityClassName\":\"none\"");
        Assert.Equal((403, "pods \"c\" is forbidden: no PriorityClass with name none was found"), (unknown.Code, unknown.Message));
        var contradicting = await PodAsync(ns, "d", "\"priorityClassName\":\"high\",\"priority\":5");
        Assert.Equal(
            (403, "pods \"d\" is forbidden: the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name"),
            (contradicting.Code, contradicting.Message));
    }

    [Fact]
    public async Task OneClassOnly_IsTheDefault()
    {
        var ns = await _api.NamespaceAsync();
        await MakeAsync("/apis/scheduling.k8s.io/v1/priorityclasses", """{"metadata":{"name":"usual"},"value":7,"globalDefault":true}""");
        var made = await PodAsync(ns, "a", "");
        Assert.Equal(("7", "usual"), (made.At("spec.priority"), made.At("spec.priorityClassName")));
        var second = await _api.SendAsync("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", """{"metadata":{"name":"other"},"value":8,"globalDefault":true}""");
        Assert.Equal(403, second.Code);
        Assert.Contains("PriorityClass usual is already marked as default. Only one default can exist", second.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SystemClasses_AreThere()
    {
        var ns = await _api.NamespaceAsync();
        Assert.Equal(("2000001000", "PreemptLowerPriority"), await PriorityAsync(ns, "a", "\"priorityClassName\":\"system-node-critical\""));
        Assert.Equal(("2000000000", "PreemptLowerPriority"), await PriorityAsync(ns, "b", "\"priorityClassName\":\"system-cluster-critical\""));
    }

    [Fact]
    public async Task AClaimWithoutAClass_GetsTheNewestDefault()
    {
        var ns = await _api.NamespaceAsync();
        Assert.Equal("", (await ClaimAsync(ns, "before", "")).At("spec.storageClassName"));
        await MakeAsync("/apis/storage.k8s.io/v1/storageclasses", """{"metadata":{"name":"fast","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"example.com/p"}""");
        Assert.Equal("fast", (await ClaimAsync(ns, "after", "")).At("spec.storageClassName"));
        var none = await ClaimAsync(ns, "none", "\"storageClassName\":\"\",");
        Assert.Equal("", none.Json["spec"]!["storageClassName"]!.ToString());
    }

    [Fact]
    public async Task ARuntimeClass_AddsWhatItCosts_AndWhereItRuns()
    {
        var ns = await _api.NamespaceAsync();
        await MakeAsync(
            "/apis/node.k8s.io/v1/runtimeclasses",
            """
            {"metadata":{"name":"boxed"},"handler":"box","overhead":{"podFixed":{"cpu":"250m"}},
             "scheduling":{"nodeSelector":{"box":"yes"},"tolerations":[{"key":"box","operator":"Exists"}]}}
            """);
        var made = await PodAsync(ns, "a", "\"runtimeClassName\":\"boxed\"");
        Assert.Equal(("250m", "yes"), (made.At("spec.overhead.cpu"), made.At("spec.nodeSelector.box")));
        Assert.Contains(made.Json["spec"]!["tolerations"]!.AsArray(), toleration => toleration!["key"]!.ToString() == "box");

        var unknown = await PodAsync(ns, "b", "\"runtimeClassName\":\"none\"");
        Assert.Equal((403, "pods \"b\" is forbidden: pod rejected: RuntimeClass \"none\" not found"), (unknown.Code, unknown.Message));
        var conflicting = await PodAsync(ns, "c", "\"runtimeClassName\":\"boxed\",\"nodeSelector\":{\"box\":\"no\"}");
        Assert.Equal(403, conflicting.Code);
    }

    private async Task MakeAsync(string path, string body)
    {
        var made = await _api.SendAsync("POST", path, body);
        Assert.True(made.Code == 201, made.Text);
    }

    private async Task<(string, string)> PriorityAsync(string ns, string name, string fields)
    {
        var made = await PodAsync(ns, name, fields);
        return (made.At("spec.priority"), made.At("spec.preemptionPolicy"));
    }

    private Task<ApiResponse> PodAsync(string ns, string name, string fields) => _api.SendAsync(
        "POST", $"/api/v1/namespaces/{ns}/pods",
        $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{ {{{fields}}}{{{(fields.Length > 0 ? "," : "")}}}"containers":[{"name":"c","image":"i"}]}}""");

    private Task<ApiResponse> ClaimAsync(string ns, string name, string fields) => _api.SendAsync(
        "POST", $"/api/v1/namespaces/{ns}/persistentvolumeclaims",
        $$$$$"""{"metadata":{"name":"{{{{{name}}}}}"},"spec":{ {{{{{fields}}}}}"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""");
}
