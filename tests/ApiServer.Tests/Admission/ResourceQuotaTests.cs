using System.Globalization;
using KubeAspire.ApiMachinery.Quantities;

namespace KubeAspire.ApiServer.Tests.Admission;

public sealed class ResourceQuotaTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const int Parallel = 100;
    private const int Hard = 50;

    [Theory]
    [InlineData("configmaps", "/api/v1/namespaces/{0}/configmaps", "{}")]
    [InlineData("pods", "/api/v1/namespaces/{0}/pods", """{"spec":{"containers":[{"name":"c","image":"i"}]}}""")]
    [InlineData("count/deployments.apps", "/apis/apps/v1/namespaces/{0}/deployments",
        """{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""")]
    public async Task AHundredCreatesAtOnce_AgainstAQuotaOfFifty_GiveFifty(string resource, string path, string body)
    {
        var ns = await api.NamespaceAsync();
        var target = string.Format(CultureInfo.InvariantCulture, path, ns);
        await QuotaAsync(ns, $$$$$"""{"hard":{"{{{{{resource}}}}}":"{{{{{Hard}}}}}"}}""");

        var answers = await Task.WhenAll(Enumerable.Range(0, Parallel).Select(number => Task.Run(() =>
            api.SendAsync("POST", target, string.Concat($$"""{"metadata":{"name":"n{{number}}"},""", body == "{}" ? "\"data\":{}}" : body[1..])))));

        Assert.Equal(Hard, answers.Count(answer => answer.Code == 201));
        Assert.All(answers.Where(answer => answer.Code != 201), answer =>
        {
            Assert.Equal((403, "Forbidden"), (answer.Code, answer.Reason));
            Assert.EndsWith($"is forbidden: exceeded quota: q, requested: {resource}=1, used: {resource}={Hard}, limited: {resource}={Hard}", answer.Message, StringComparison.Ordinal);
        });
        Assert.Equal(Hard, (await api.SendAsync("GET", target)).Json["items"]!.AsArray().Count);
        Assert.Equal(Hard.ToString(CultureInfo.InvariantCulture), await UsedAsync(ns, resource));
    }

    [Fact]
    public async Task ASumOfManyPods_NeverPassesTheBound()
    {
        var ns = await api.NamespaceAsync();
        await QuotaAsync(ns, """{"hard":{"requests.cpu":"2","limits.memory":"10Gi"}}""");
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => Task.Run(() =>
            PodAsync(ns, $"p{number}", $$$$$"""{"requests":{"cpu":"{{{{{(number % 3 + 1) * 100}}}}}m","memory":"64Mi"},"limits":{"memory":"{{{{{(number % 4) + 1}}}}}Gi"}}"""))));

        Assert.Contains(answers, answer => answer.Code == 201);
        Assert.Contains(answers, answer => answer.Code == 403);
        var (cpu, memory) = (Quantity.Zero, Quantity.Zero);
        foreach (var item in (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/pods")).Json["items"]!.AsArray())
        {
            var resources = item!["spec"]!["containers"]![0]!["resources"]!;
            cpu += Quantity.Parse(resources["requests"]!["cpu"]!.ToString());
            memory += Quantity.Parse(resources["limits"]!["memory"]!.ToString());
        }

        Assert.True(cpu <= Quantity.Parse("2"), $"{cpu} of cpu");
        Assert.True(memory <= Quantity.Parse("10Gi"), $"{memory} of memory");
        Assert.Equal(cpu, Quantity.Parse(await UsedAsync(ns, "requests.cpu")));
        Assert.Equal(memory, Quantity.Parse(await UsedAsync(ns, "limits.memory")));
    }

    [Fact]
    public async Task APodThatDoesNotSayWhatItTakes_IsRefused()
    {
        var ns = await api.NamespaceAsync();
        await QuotaAsync(ns, """{"hard":{"requests.cpu":"1","limits.memory":"1Gi"}}""");
        var answer = await PodAsync(ns, "silent", "{}");
        Assert.Equal((403, "pods \"silent\" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c"), (answer.Code, answer.Message));
    }

    [Fact]
    public async Task ADryRun_TakesNothing()
    {
        var ns = await api.NamespaceAsync();
        await QuotaAsync(ns, """{"hard":{"configmaps":"1"}}""");
        for (var time = 0; time < 3; time++)
        {
            Assert.Equal(201, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps?dryRun=All", """{"metadata":{"name":"c"}}""")).Code);
        }

        Assert.Equal(201, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"c"}}""")).Code);
        Assert.Equal(403, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps?dryRun=All", """{"metadata":{"name":"d"}}""")).Code);
    }

    [Fact]
    public async Task AScopedQuota_CountsWhatIsInItsScope()
    {
        var ns = await api.NamespaceAsync();
        await QuotaAsync(ns, """{"hard":{"pods":"1"},"scopes":["BestEffort"]}""");
        Assert.Equal(201, (await PodAsync(ns, "burstable-1", """{"requests":{"cpu":"1m"}}""")).Code);
        Assert.Equal(201, (await PodAsync(ns, "effort-1", "{}")).Code);
        Assert.Equal(201, (await PodAsync(ns, "burstable-2", """{"requests":{"cpu":"1m"}}""")).Code);
        Assert.Equal(403, (await PodAsync(ns, "effort-2", "{}")).Code);
    }

    [Fact]
    public async Task AnUpdateThatAsksForMore_IsCounted()
    {
        var ns = await api.NamespaceAsync();
        await QuotaAsync(ns, """{"hard":{"services.nodeports":"1"}}""");
        Assert.Equal(201, (await ServiceAsync("POST", "", "a", "NodePort")).Code);
        Assert.Equal(201, (await ServiceAsync("POST", "", "b", "ClusterIP")).Code);
        var more = await api.SendAsync("PATCH", $"/api/v1/namespaces/{ns}/services/b", """{"spec":{"type":"NodePort"}}""", "application/merge-patch+json");
        Assert.Equal((403, "services \"b\" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1"), (more.Code, more.Message));

        Task<ApiResponse> ServiceAsync(string verb, string at, string name, string type) => api.SendAsync(
            verb, $"/api/v1/namespaces/{ns}/services{at}", $$$$$"""{"metadata":{"name":"{{{{{name}}}}}"},"spec":{"type":"{{{{{type}}}}}","ports":[{"port":80}]}}""");
    }

    [Fact]
    public async Task AWriteOfItsStatus_IsARecount()
    {
        var ns = await api.NamespaceAsync();
        await QuotaAsync(ns, """{"hard":{"configmaps":"5"}}""");
        Assert.Equal(201, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"c"}}""")).Code);
        Assert.Equal("1", await UsedAsync(ns, "configmaps"));
        Assert.Equal(200, (await api.SendAsync("DELETE", $"/api/v1/namespaces/{ns}/configmaps/c")).Code);

        // Whatever is claimed, what is there is counted.
        var written = await api.SendAsync("PATCH", $"/api/v1/namespaces/{ns}/resourcequotas/q/status", """{"status":{"used":{"configmaps":"4"}}}""", "application/merge-patch+json");
        Assert.Equal(200, written.Code);
        Assert.Equal("0", await UsedAsync(ns, "configmaps"));
    }

    private async Task QuotaAsync(string ns, string spec) =>
        Assert.Equal(201, (await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/resourcequotas", $$"""{"metadata":{"name":"q"},"spec":{{spec}}}""")).Code);

    private async Task<string> UsedAsync(string ns, string resource) =>
        (await api.SendAsync("GET", $"/api/v1/namespaces/{ns}/resourcequotas/q")).Json["status"]?["used"]?[resource]?.ToString() ?? "";

    private Task<ApiResponse> PodAsync(string ns, string name, string resources) => api.SendAsync(
        "POST", $"/api/v1/namespaces/{ns}/pods", $$$$$"""{"metadata":{"name":"{{{{{name}}}}}"},"spec":{"containers":[{"name":"c","image":"i","resources":{{{{{resources}}}}} }]}}""");
}
