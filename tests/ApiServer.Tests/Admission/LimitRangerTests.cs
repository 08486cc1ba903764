namespace KubeAspire.ApiServer.Tests.Admission;

public sealed class LimitRangerTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task WhatAContainerLeavesOut_IsFilledIn_AndNoted()
    {
        var ns = await RangeAsync("""{"type":"Container","default":{"cpu":"500m","memory":"512Mi"},"defaultRequest":{"cpu":"100m"}}""");
        var made = await PodAsync(ns, "p", """[{"name":"a","image":"i"},{"name":"b","image":"i","resources":{"requests":{"cpu":"50m"},"limits":{"cpu":"60m"}}}]""");
        Assert.Equal(201, made.Code);
        Assert.Equal(("100m", "500m", "512Mi"), (Of(0, "requests.cpu"), Of(0, "limits.cpu"), Of(0, "limits.memory")));
        Assert.Equal(("50m", "60m", "512Mi"), (Of(1, "requests.cpu"), Of(1, "limits.cpu"), Of(1, "limits.memory")));
        Assert.Equal(
            "LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit for container a; memory request for container b; memory limit for container b",
            made.Json["metadata"]!["annotations"]!["kubernetes.io/limit-ranger"]!.ToString());

        string Of(int container, string what) => made.At($"spec.containers.{container}.resources.{what}");
    }

    [Theory]
    [InlineData("""{"min":{"cpu":"50m"}}""", """{"requests":{"cpu":"10m"}}""", "minimum cpu usage per Container is 50m, but request is 10m")]
    [InlineData("""{"max":{"memory":"1Gi"}}""", """{"limits":{"memory":"2Gi"}}""", "maximum memory usage per Container is 1Gi, but limit is 2Gi")]
    [InlineData("""{"max":{"memory":"1Gi"},"default":{"memory":"1Gi"}}""", """{"requests":{"memory":"1Gi"},"limits":{"memory":"3Gi"}}""", "maximum memory usage per Container is 1Gi, but limit is 3Gi")]
    [InlineData("""{"maxLimitRequestRatio":{"cpu":"2"}}""", """{"requests":{"cpu":"100m"},"limits":{"cpu":"500m"}}""", "cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000")]
    public async Task WhatLiesOutsideTheBounds_IsRefused(string bounds, string resources, string why)
    {
        var ns = await RangeAsync(bounds.Insert(1, "\"type\":\"Container\","));
        var answer = await PodAsync(ns, "p", $$"""[{"name":"a","image":"i","resources":{{resources}}}]""");
        Assert.Equal((403, $"pods \"p\" is forbidden: {why}"), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task APodIsMeasuredAsAWhole()
    {
        var ns = await RangeAsync("""{"type":"Pod","max":{"cpu":"1"}}""");
        const string Two = """[{"name":"a","image":"i","resources":{"limits":{"cpu":"600m"}}},{"name":"b","image":"i","resources":{"limits":{"cpu":"600m"}}}]""";
        var answer = await PodAsync(ns, "p", Two);
        Assert.Equal((403, "pods \"p\" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m"), (answer.Code, answer.Message));
    }

    [Theory]
    [InlineData("1Gi", 201)]
    [InlineData("20Gi", 403)]
    [InlineData("1Mi", 403)]
    public async Task AClaimIsMeasured(string size, int code)
    {
        var ns = await RangeAsync("""{"type":"PersistentVolumeClaim","min":{"storage":"10Mi"},"max":{"storage":"10Gi"}}""");
        var answer = await api.SendAsync(
            "POST", $"/api/v1/namespaces/{ns}/persistentvolumeclaims",
            $$$$$"""{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"{{{{{size}}}}}"}}}}""");
        Assert.Equal(code, answer.Code);
    }

    private async Task<string> RangeAsync(string item)
    {
        var ns = await api.NamespaceAsync();
        var made = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/limitranges", $$$"""{"metadata":{"name":"r"},"spec":{"limits":[{{{item}}}]}}""");
        Assert.True(made.Code == 201, made.Text);
        return ns;
    }

    private Task<ApiResponse> PodAsync(string ns, string name, string containers) =>
        api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":{{{containers}}}}}""");
}
