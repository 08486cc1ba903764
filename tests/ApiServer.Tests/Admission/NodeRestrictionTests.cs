namespace KubeAspire.ApiServer.Tests.Admission;

/// <summary>What a node agent may do, over the whole chain: the Node authorizer says to what, NodeRestriction to which fields.</summary>
public sealed class NodeRestrictionTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Node = "system:node:n1";

    [Fact]
    public async Task ANode_WritesItself_AndNoOther()
    {
        Assert.Equal(201, (await PostNodeAsync("n1", "{}")).Code);
        Assert.Equal(403, (await PostNodeAsync("n2", "{}")).Code);
        Assert.Equal(201, (await api.SendAsync("POST", "/api/v1/nodes", """{"metadata":{"name":"n2"}}""")).Code);
        Assert.Equal(200, (await PatchNodeAsync("n1", """{"metadata":{"labels":{"example.com/rack":"7"}}}""")).Code);
        Assert.Equal(403, (await PatchNodeAsync("n2", """{"metadata":{"labels":{"example.com/rack":"7"}}}""")).Code);
        Assert.Equal(403, (await api.SendAsync("DELETE", "/api/v1/nodes/n1", user: Node)).Code);

        Assert.Contains("is not allowed to modify taints", (await PatchNodeAsync("n1", """{"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}}""")).Message, StringComparison.Ordinal);
        Assert.Contains("is not allowed to modify labels", (await PatchNodeAsync("n1", """{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":""}}}""")).Message, StringComparison.Ordinal);
        // CVE-2025-5187: with an owner reference a node could have itself deleted by the garbage collector, to register anew with other labels.
        Assert.Contains(
            "ownerReferences",
            (await PatchNodeAsync("n1", """{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"x","uid":"1"}]}}""")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANode_ReadsWhatItsPodsReferTo_AndNothingElse()
    {
        var ns = await api.NamespaceAsync();
        foreach (var name in (string[])["used", "other"])
        {
            await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/secrets", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
            await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"}}""");
        }

        const string Uses = """[{"name":"c","image":"i","envFrom":[{"secretRef":{"name":"used"}}],"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"used","key":"k"}}}]}]""";
        Assert.Equal(201, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", $$$$"""{"metadata":{"name":"mine"},"spec":{"nodeName":"n1","containers":{{{{Uses}}}}}}""")).Code);
        Assert.Equal(201, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", $$$$"""{"metadata":{"name":"theirs"},"spec":{"nodeName":"n9","containers":{{{{Uses.Replace("used", "other", StringComparison.Ordinal)}}}}}}""")).Code);

        foreach (var resource in (string[])["secrets", "configmaps"])
        {
            Assert.Equal(200, (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/{resource}/used", user: Node)).Code);
            Assert.Equal(403, (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/{resource}/other", user: Node)).Code);
            Assert.Equal(403, (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/{resource}", user: Node)).Code);
            Assert.Equal(200, (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/{resource}?fieldSelector=metadata.name%3Dused", user: Node)).Code);
            Assert.Equal(403, (await api.SendAsync("GET", $"/api/v1/{resource}", user: Node)).Code);
        }

        Assert.Equal(200, (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods/mine", user: Node)).Code);
        Assert.Equal(403, (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods/theirs", user: Node)).Code);
        Assert.Equal(403, (await api.SendAsync("GET", "/api/v1/pods", user: Node)).Code);
        Assert.Equal(200, (await api.SendAsync("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", user: Node)).Code);
        Assert.Equal(403, (await api.SendAsync("DELETE", $"/api/v1/namespaces/{ns}/pods/theirs", user: Node)).Code);

        const string Status = """{"status":{"phase":"Running"}}""";
        Assert.Equal(200, (await api.SendAsync("PATCH", $"/api/v1/namespaces/{ns}/pods/mine/status", Status, "application/merge-patch+json", user: Node)).Code);
        Assert.Equal(403, (await api.SendAsync("PATCH", $"/api/v1/namespaces/{ns}/pods/theirs/status", Status, "application/merge-patch+json", user: Node)).Code);
        Assert.Equal(403, (await api.SendAsync(
            "PATCH", $"/api/v1/namespaces/{ns}/pods/mine/status", """{"metadata":{"labels":{"app":"stolen"}}}""", "application/merge-patch+json", user: Node)).Code);
    }

    [Fact]
    public async Task ANode_GetsTokens_OnlyForItsPods_BoundToThem()
    {
        var ns = await api.NamespaceAsync();
        var mine = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"mine"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}]}}""");
        var path = $"/api/v1/namespaces/{ns}/serviceaccounts/default/token";
        Assert.Equal("node requested token not bound to a pod", After(await api.SendAsync("POST", path, """{"spec":{}}""", user: Node)));
        var bound = await api.SendAsync("POST", path, $$$$"""{"spec":{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"mine","uid":"{{{{mine.At("metadata.uid")}}}}"}}}""", user: Node);
        Assert.Equal(201, bound.Code);
        Assert.Equal(403, (await api.SendAsync("POST", path, """{"spec":{}}""", user: "system:node:n9")).Code);
    }

    [Fact]
    public async Task ANode_CreatesNoPods_ButMirrors_AndNoLeasesButItsOwn()
    {
        var ns = await api.NamespaceAsync();
        var pod = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"p"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}]}}""", user: Node);
        Assert.Equal(403, pod.Code);
        Assert.Contains("can only create mirror pods", pod.Message, StringComparison.Ordinal);
        const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        Assert.Equal(201, (await api.SendAsync("POST", Leases, """{"metadata":{"name":"n1"}}""", user: Node)).Code);
        Assert.Equal(403, (await api.SendAsync("POST", Leases, """{"metadata":{"name":"n2"}}""", user: Node)).Code);
        // An agent that was quicker than its registration says later whose the lease is: it may, since it may delete it.
        const string Owned = """{"metadata":{"name":"n1","ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n1","uid":"1"}]},"spec":{"holderIdentity":"n1"}}""";
        Assert.Equal(200, (await api.SendAsync("PUT", Leases + "/n1", Owned, user: Node)).Code);
        Assert.Equal(403, (await api.SendAsync("POST", $"/apis/coordination.k8s.io/v1/namespaces/{ns}/leases", """{"metadata":{"name":"n1"}}""", user: Node)).Code);
    }

    [Theory]
    [InlineData("a service account", """ "serviceAccountName":"x" """)]
    [InlineData("resourceclaims", """ "resourceClaims":[{"name":"c","resourceClaimName":"x"}] """)]
    [InlineData("secrets", """ "volumes":[{"name":"v","secret":{"secretName":"x"}}] """)]
    [InlineData("secrets", """ "volumes":[{"name":"v","projected":{"sources":[{"secret":{"name":"x"}}]}}] """)]
    [InlineData("secrets", """ "imagePullSecrets":[{"name":"x"}] """)]
    [InlineData("secrets", """ "initContainers":[{"name":"i","image":"i","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"x","key":"k"}}}]}] """)]
    [InlineData("configmaps", """ "volumes":[{"name":"v","configMap":{"name":"x"}}] """)]
    [InlineData("configmaps", """ "initContainers":[{"name":"i","image":"i","envFrom":[{"configMapRef":{"name":"x"}}]}] """)]
    [InlineData("persistentvolumeclaims", """ "volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"x"}}] """)]
    public async Task AMirrorPod_RefersToNothingThatTheNodeMayNotRead(string what, string spec)
    {
        // CVE-2025-4563: one sort of reference that was forgotten let a node read what another's pods use.
        var ns = await api.NamespaceAsync();
        await NodeAsync("n5");
        var uid = (await api.SendAsync("GET", "/api/v1/nodes/n5")).At("metadata.uid");
        var meta = $$$"""{"name":"mirror","annotations":{"kubernetes.io/config.mirror":"1"},"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n5","uid":"{{{uid}}}","controller":true}]}""";
        Task<ApiResponse> Post(string more) =>
            api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", """{"spec":{"nodeName":"n5","containers":[{"name":"c","image":"i"}]""" + more + "},\"metadata\":" + meta + "}", user: "system:node:n5");
        var refused = await Post("," + spec);
        Assert.Equal((403, $"node \"n5\" can not create pods that reference {what}"), (refused.Code, After(refused)));
        Assert.Equal(201, (await Post("")).Code);
    }

    [Fact]
    public async Task WhatIsAdmitted_IsWhatIsWritten_WhileOthersWriteToo()
    {
        // CVE-2021-25735: a rule that compares must see the very object that is replaced, again after every lost race.
        await NodeAsync("n5");
        Task<ApiResponse> PatchOwnAsync(string patch) => api.SendAsync("PATCH", "/api/v1/nodes/n5", patch, "application/merge-patch+json", user: "system:node:n5");
        for (var round = 0; round < 20; round++)
        {
            var taints = round % 2 == 0 ? """[{"key":"a","effect":"NoSchedule"}]""" : "null";
            var theirs = api.SendAsync("PATCH", "/api/v1/nodes/n5", """{"spec":{"taints":""" + taints + "}}", "application/merge-patch+json");
            var mine = Enumerable.Range(0, 5).Select(i => PatchOwnAsync("{\"metadata\":{\"annotations\":{\"example.com/" + i + "\":\"" + round + "\"}}}")).ToList();
            Assert.Equal(200, (await theirs).Code);
            foreach (var answer in await Task.WhenAll(mine))
            {
                Assert.True(answer.Code == 200, answer.Text);
            }

            Assert.Equal(round % 2 == 0 ? "a" : "", (await api.SendAsync("GET", "/api/v1/nodes/n5")).At("spec.taints.0.key"));
        }
    }

    // There, whoever of the tests made it.
    private Task<ApiResponse> NodeAsync(string name) => api.SendAsync("POST", "/api/v1/nodes", $$$"""{"metadata":{"name":"{{{name}}}"}}""");

    private static string After(ApiResponse answer) => answer.Message[(answer.Message.IndexOf("forbidden: ", StringComparison.Ordinal) + "forbidden: ".Length)..];

    private Task<ApiResponse> PostNodeAsync(string name, string labels) =>
        api.SendAsync("POST", "/api/v1/nodes", $$$$"""{"metadata":{"name":"{{{{name}}}}","labels":{{{{labels}}}}}}""", user: Node);

    private Task<ApiResponse> PatchNodeAsync(string name, string patch) => api.SendAsync("PATCH", $"/api/v1/nodes/{name}", patch, "application/merge-patch+json", user: Node);
}
