using System.Text.Json.Nodes;
using KubeAspire.ApiServer.Admission.PodSecurity;
using KubeAspire.Resources;

namespace KubeAspire.ApiServer.Tests.Admission;

public sealed class PodSecurityTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Hardened =
        """
        {"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},
         "containers":[{"name":"c","image":"i","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}
        """;

    [Theory]
    [InlineData("""{"hostNetwork":true,"hostPID":true}""", "host namespaces (hostNetwork=true, hostPID=true)")]
    [InlineData("""{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}""", "hostPath volumes (volume \"v\")")]
    [InlineData("""{"containers":[{"name":"a","ports":[{"containerPort":80,"hostPort":80}]}]}""", "hostPort (container \"a\" uses hostPort 80)")]
    [InlineData("""{"containers":[{"name":"a","securityContext":{"privileged":true}}]}""", "privileged (container \"a\" must not set securityContext.privileged=true)")]
    [InlineData("""{"containers":[{"name":"a","securityContext":{"capabilities":{"add":["SYS_ADMIN"]}}}]}""", "non-default capabilities (container \"a\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add)")]
    [InlineData("""{"containers":[{"name":"a","securityContext":{"procMount":"Unmasked"}}]}""", "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")")]
    [InlineData("""{"securityContext":{"seccompProfile":{"type":"Unconfined"}}}""", "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")")]
    [InlineData("""{"securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]}}""", "forbidden sysctls (kernel.msgmax)")]
    [InlineData("""{"securityContext":{"seLinuxOptions":{"type":"foo","user":"bar"}}}""", "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"foo\"; user may not be set)")]
    [InlineData("""{"securityContext":{"appArmorProfile":{"type":"Unconfined"}}}""", "forbidden AppArmor profile (Unconfined)")]
    [InlineData("""{"securityContext":{"windowsOptions":{"hostProcess":true}}}""", "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)")]
    [InlineData("""{"containers":[{"name":"a"}],"securityContext":{"sysctls":[{"name":"net.ipv4.tcp_syncookies","value":"1"}]}}""", "")]
    public void Baseline_RefusesWhatLeadsOutOfTheContainer(string spec, string expected) =>
        Assert.Equal(expected, string.Join(", ", Evaluate(PodSecurityLevel.Baseline, spec)));

    [Theory]
    [InlineData(Hardened, "")]
    [InlineData(
        """{"containers":[{"name":"c"}]}""",
        "allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), "
        + "unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), "
        + "runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), "
        + "seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")")]
    [InlineData("""{"securityContext":{"runAsUser":0}}""", "runAsUser=0 (pod must not set runAsUser=0)")]
    [InlineData("""{"volumes":[{"name":"v","nfs":{"server":"s","path":"/"}}]}""", "restricted volume types (volume \"v\" uses restricted volume type \"nfs\")")]
    public void Restricted_AsksForHardening(string spec, string expected) =>
        Assert.Equal(expected, string.Join(", ", Evaluate(PodSecurityLevel.Restricted, spec)));

    [Theory]
    [InlineData("containers")]
    [InlineData("initContainers")]
    [InlineData("ephemeralContainers")]
    public void EverySortOfContainer_IsLookedAt(string list)
    {
        // CVE-2023-2727 and its like: a rule that forgot one list of containers.
        var spec = $$$"""{"{{{list}}}":[{"name":"x","securityContext":{"privileged":true}}]}""";
        Assert.Single(Evaluate(PodSecurityLevel.Baseline, spec));
    }

    [Fact]
    public void NoFieldOfAPod_HoldsContainers_ThatAreNotLookedAt()
    {
        var schema = BuiltInTypes.Schemas.Find("io.k8s.api.core.v1.PodSpec")!;
        var lists = schema.Properties.Where(property => property.Key.EndsWith("ontainers", StringComparison.Ordinal)).Select(property => property.Key).Order();
        Assert.Equal(PodView.ContainerLists.Order(), lists);
    }

    [Fact]
    public async Task Namespace_HoldsItsPodsToItsLevel_AndWarnsOfTemplates()
    {
        var ns = await api.NamespaceAsync();
        await LabelAsync(ns, "baseline", "restricted");
        var bad = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"bad"},"spec":{"hostNetwork":true,"containers":[{"name":"c","image":"i"}]}}""");
        Assert.Equal(403, bad.Code);
        Assert.Equal("pods \"bad\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)", bad.Message);

        var fair = await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", """{"metadata":{"name":"fair"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        Assert.Equal(201, fair.Code);
        Assert.Contains("would violate PodSecurity \\\"restricted:latest\\\"", fair.Headers["Warning"].ToString(), StringComparison.Ordinal);

        const string Deployment = """{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""";
        var made = await api.SendAsync("POST", $"/apis/apps/v1/namespaces/{ns}/deployments", Deployment);
        Assert.Equal(201, made.Code);
        Assert.Contains("would violate PodSecurity", made.Headers["Warning"].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RaisingTheLevel_NamesThePodsThatStay()
    {
        var ns = await api.NamespaceAsync();
        for (var number = 1; number <= 2; number++)
        {
            await api.SendAsync("POST", $"/api/v1/namespaces/{ns}/pods", $$$"""{"metadata":{"name":"p{{{number}}}"},"spec":{"hostNetwork":true,"containers":[{"name":"c","image":"i"}]}}""");
        }

        var answer = await LabelAsync(ns, "baseline", "privileged");
        var warnings = answer.Headers["Warning"].ToArray();
        Assert.Contains(warnings, warning => warning!.Contains($"existing pods in namespace \\\"{ns}\\\" violate the new PodSecurity enforce level \\\"baseline:latest\\\"", StringComparison.Ordinal));
        Assert.Contains(warnings, warning => warning!.Contains("p1 (and 1 other pod): host namespaces", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ALabelThatSaysNothing_IsRefused()
    {
        var answer = await LabelAsync(await api.NamespaceAsync(), "strict", "privileged");
        Assert.Equal(422, answer.Code);
        Assert.Contains("must be one of privileged, baseline, restricted", answer.Message, StringComparison.Ordinal);
    }

    private Task<ApiResponse> LabelAsync(string ns, string enforce, string warn) => api.SendAsync(
        "PATCH", $"/api/v1/namespaces/{ns}",
        $$$$"""{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"{{{{enforce}}}}","pod-security.kubernetes.io/warn":"{{{{warn}}}}"}}}""", "application/merge-patch+json");

    private static IReadOnlyList<Violation> Evaluate(PodSecurityLevel level, string spec) =>
        PodSecurityChecks.Evaluate(new PodSecurityLevelVersion(level, null), [], JsonNode.Parse(spec)!.AsObject());
}
