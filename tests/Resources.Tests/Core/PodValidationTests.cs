using System.Text.Json.Nodes;

namespace KubeAspire.Resources.Tests.Core;

public sealed class PodValidationTests
{
    private const string Good = """{"metadata":{"name":"web"},"spec":{"containers":[{"name":"web","image":"nginx:1"}]}}""";

    // A path into the good pod, what is put there, and what is wrong then.
    public static TheoryData<string, string, string[]> Cases => new()
    {
        { "containers", "[]", ["spec.containers: Required value"] },
        { "containers.0.name", "\"Web\"", ["spec.containers[0].name: Invalid value: \"Web\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name', or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"] },
        { "containers.0.image", "\"\"", ["spec.containers[0].image: Required value"] },
        { "containers.0.image", "\" nginx\"", ["spec.containers[0].image: Invalid value: \" nginx\": must not have leading or trailing whitespace"] },
        { "containers", """[{"name":"a","image":"i"},{"name":"a","image":"i"}]""", ["spec.containers[1].name: Duplicate value: \"a\""] },
        { "containers.0.imagePullPolicy", "\"Sometimes\"", ["spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\""] },
        { "restartPolicy", "\"Sometimes\"", ["spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\""] },
        { "containers.0.ports", """[{"containerPort":70000}]""", ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"] },
        { "containers.0.ports", """[{"containerPort":0}]""", ["spec.containers[0].ports[0].containerPort: Required value"] },
        { "containers.0.ports", """[{"containerPort":1,"name":"a"},{"containerPort":2,"name":"a"}]""", ["spec.containers[0].ports[1].name: Duplicate value: \"a\""] },
        { "containers.0.ports", """[{"containerPort":1,"protocol":"tcp"}]""", ["spec.containers[0].ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\""] },
        { "containers.0.ports", """[{"containerPort":1,"hostPort":9},{"containerPort":2,"hostPort":9}]""", ["spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//9\""] },
        { "containers.0.env", """[{"name":"","value":"x"}]""", ["spec.containers[0].env[0].name: Required value"] },
        { "containers.0.env", """[{"name":"a=b","value":"x"}]""", ["spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='"] },
        { "containers.0.env", """[{"name":"A","value":"x","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]""", ["spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"] },
        { "containers.0.env", """[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c","key":""}}}]""", ["spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value"] },
        { "containers.0.resources", """{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}""", ["spec.containers[0].resources.requests: Invalid value: 2: must be less than or equal to cpu limit of 1"] },
        { "containers.0.resources", """{"limits":{"memory":"-1Gi"}}""", ["spec.containers[0].resources.limits[memory]: Invalid value: \"-1Gi\": must be greater than or equal to 0", "spec.containers[0].resources.requests[memory]: Invalid value: \"-1Gi\": must be greater than or equal to 0"] },
        { "containers.0.volumeMounts", """[{"name":"nowhere","mountPath":"/x"}]""", ["spec.containers[0].volumeMounts[0].name: Not found: \"nowhere\""] },
        { "volumes", """[{"name":"v","emptyDir":{},"secret":{"secretName":"s"}}]""", ["spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type"] },
        { "volumes", """[{"name":"v"},{"name":"v"}]""", ["spec.volumes[1].name: Duplicate value: \"v\""] },
        { "volumes", """[{"name":"v","configMap":{"defaultMode":512}}]""", ["spec.volumes[0].configMap.name: Required value", "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"] },
        { "containers.0.livenessProbe", "{}", ["spec.containers[0].livenessProbe: Required value: must specify a handler type"] },
        { "containers.0.livenessProbe", """{"httpGet":{"port":80},"tcpSocket":{"port":80}}""", ["spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"] },
        { "containers.0.livenessProbe", """{"tcpSocket":{"port":80},"successThreshold":2}""", ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"] },
        { "containers.0.livenessProbe", """{"tcpSocket":{"port":80},"periodSeconds":-1}""", ["spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"] },
        { "initContainers", """[{"name":"i","image":"i","readinessProbe":{"tcpSocket":{"port":1}}}]""", ["spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"] },
        { "initContainers", """[{"name":"web","image":"i"}]""", ["spec.initContainers[0].name: Duplicate value: \"web\""] },
        { "tolerations", """[{"key":"a","operator":"Exists","value":"x"}]""", ["spec.tolerations[0].operator: Invalid value: {\"key\":\"a\",\"operator\":\"Exists\",\"value\":\"x\"}: value must be empty when `operator` is 'Exists'"] },
        { "nodeSelector", """{"a":"not valid"}""", ["spec.nodeSelector: Invalid value: \"not valid\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue', or 'my_value', or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"] },
        { "activeDeadlineSeconds", "0", ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"] },
        { "dnsPolicy", "\"None\"", ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryBrokenRule_IsTold(string path, string value, string[] expected)
    {
        // Names' examples may be parted by one blank or two: upstream's text has two.
        var told = KindHarness.Create(KindHarness.Kind("Pod"), With(Good, path, value)).Select(OneBlank);

        Assert.Equal(expected.Select(OneBlank), told);
    }

    [Fact]
    public void SeveralBrokenRules_AreAllTold()
    {
        const string Pod = """{"spec":{"containers":[{"name":"","image":""},{"name":"b","image":"i","volumeMounts":[{"name":"v"}]}],"restartPolicy":"x","nodeName":"-"}}""";

        Assert.Equal(
            ["spec.containers[0].image", "spec.containers[0].name", "spec.containers[1].volumeMounts[0].name", "spec.containers[1].volumeMounts[0].mountPath", "spec.restartPolicy", "spec.nodeName"],
            KindHarness.Create(KindHarness.Kind("Pod"), Pod).Select(line => line.Split(": ")[0]));
    }

    [Fact]
    public void AnImage_MayChange() => Assert.Empty(KindHarness.Update(KindHarness.Kind("Pod"), Good, With(With(Good, "containers.0.image", "\"nginx:2\""), "containers.0.imagePullPolicy", "\"IfNotPresent\"")));

    [Fact]
    public void ATolerationMayBeAdded_ButNoneRemoved()
    {
        var tolerant = With(Good, "tolerations", """[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":5}]""");
        var longer = With(Good, "tolerations", """[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":9},{"key":"b","operator":"Exists"}]""");

        Assert.Empty(KindHarness.Update(KindHarness.Kind("Pod"), tolerant, longer));
        Assert.Equal(["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"], KindHarness.Update(KindHarness.Kind("Pod"), tolerant, Good));
    }

    [Fact]
    public void AnythingElse_MayNotChange_AndTheAnswerNamesIt()
    {
        var told = Assert.Single(KindHarness.Update(KindHarness.Kind("Pod"), Good, With(Good, "containers.0.command", """["sh"]""")));

        Assert.StartsWith("spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,", told, StringComparison.Ordinal);
        Assert.EndsWith("  spec.containers[0].command: null -> [\"sh\"]", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Containers_MayNotBeAdded() => Assert.Equal(
        ["spec.containers: Forbidden: pod updates may not add or remove containers"],
        KindHarness.Update(KindHarness.Kind("Pod"), Good, With(Good, "containers", """[{"name":"web","image":"nginx:1"},{"name":"b","image":"i"}]""")));

    [Fact]
    public void TheDeadline_MayOnlyComeSooner()
    {
        var deadline = With(Good, "activeDeadlineSeconds", "10");

        Assert.Empty(KindHarness.Update(KindHarness.Kind("Pod"), Good, deadline));
        Assert.Empty(KindHarness.Update(KindHarness.Kind("Pod"), deadline, With(Good, "activeDeadlineSeconds", "5")));
        Assert.Equal(["spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value"], KindHarness.Update(KindHarness.Kind("Pod"), deadline, With(Good, "activeDeadlineSeconds", "11")));
        Assert.Equal(["spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value"], KindHarness.Update(KindHarness.Kind("Pod"), deadline, Good));
    }

    [Fact]
    public void WhatHasEnded_StaysEnded()
    {
        var kind = KindHarness.Kind("Pod");
        var ended = KindHarness.Typed(kind, KindHarness.Parse("""{"spec":{"restartPolicy":"Never"},"status":{"containerStatuses":[{"name":"a","image":"","imageID":"","ready":false,"restartCount":0,"state":{"terminated":{"exitCode":1}}}]}}"""));
        var again = KindHarness.Typed(kind, KindHarness.Parse("""{"spec":{"restartPolicy":"Never"},"status":{"containerStatuses":[{"name":"a","image":"","imageID":"","ready":false,"restartCount":0,"state":{"running":{}}}]}}"""));

        Assert.Equal(["status.containerStatuses.state: Forbidden: may not be transitioned to non-terminated state"], KindHarness.Lines(kind.ValidateStatusUpdate(again, ended)));
    }

    [Fact]
    public void AStatusUpdate_KeepsTheSpecAndTheClassOfService()
    {
        var kind = KindHarness.Kind("Pod");
        var value = KindHarness.Parse("""{"metadata":{"name":"p"},"spec":{"nodeName":"other"},"status":{"phase":"Running"}}""");

        kind.PrepareForStatusUpdate(value, KindHarness.Parse("""{"metadata":{"name":"p"},"spec":{"nodeName":"node-1"},"status":{"phase":"Pending","qosClass":"Burstable"}}"""));

        KindHarness.AssertSame(KindHarness.Parse("""{"metadata":{"name":"p"},"spec":{"nodeName":"node-1"},"status":{"phase":"Running","qosClass":"Burstable"}}"""), value);
    }

    [Fact]
    public void Warnings_NameWhatIsOddButAccepted()
    {
        var kind = KindHarness.Kind("Pod");
        var pod = KindHarness.Typed(kind, KindHarness.Parse("""{"spec":{"nodeSelector":{"beta.kubernetes.io/os":"linux"},"containers":[{"name":"c","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}]}}"""));

        Assert.Equal(
            ["spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead", "spec.containers[0].env[1]: hides previous definition of \"A\", which may be unexpected"],
            kind.WarningsFor(pod));
    }

    private static string OneBlank(string text) => text.Replace(",  or", ", or", StringComparison.Ordinal);

    private static string With(string json, string path, string value)
    {
        var pod = KindHarness.Parse(json);
        JsonNode at = pod["spec"]!;
        var names = path.Split('.');
        foreach (var name in names[..^1])
        {
            at = int.TryParse(name, out var index) ? at[index]! : at[name]!;
        }

        at[names[^1]] = JsonNode.Parse(value);
        return pod.ToJsonString();
    }
}
