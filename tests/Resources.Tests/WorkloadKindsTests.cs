namespace KubeAspire.Resources.Tests;

/// <summary>Jobs, stateful sets, budgets, volumes, quotas and classes: what they refuse, complete and show.</summary>
public sealed class WorkloadKindsTests
{
    private const string Pod = "\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}";
    private const string Job = "\"template\":{" + Pod + "}";
    private const string Stateful = "\"selector\":{\"matchLabels\":{\"app\":\"db\"}},\"template\":{\"metadata\":{\"labels\":{\"app\":\"db\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}";
    private const string Named = "\"metadata\":{\"name\":\"x\",\"uid\":\"u-1\"}";

    public static TheoryData<string, string, string[]> Creates => new()
    {
        { "StatefulSet", "{\"spec\":{" + Stateful + "}}", [] },
        { "StatefulSet", "{\"spec\":{\"podManagementPolicy\":\"Random\"," + Stateful + "}}", ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"] },
        { "StatefulSet", "{\"spec\":{\"updateStrategy\":{\"type\":\"OnDelete\",\"rollingUpdate\":{\"partition\":1}}," + Stateful + "}}", ["spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy 'RollingUpdate'"] },
        { "StatefulSet", "{\"spec\":{\"ordinals\":{\"start\":-1},\"replicas\":-2," + Stateful + "}}", ["spec.replicas: Invalid value: -2: must be greater than or equal to 0", "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"] },
        { "Job", "{" + Named + ",\"spec\":{" + Job + "}}", [] },
        { "Job", "{" + Named + ",\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}}}", ["spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""] },
        { "Job", "{" + Named + ",\"spec\":{\"completionMode\":\"Indexed\",\"parallelism\":2," + Job + "}}", ["spec.completions: Required value: when completion mode is Indexed"] },
        { "Job", "{" + Named + ",\"spec\":{\"backoffLimitPerIndex\":1," + Job + "}}", ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"] },
        { "Job", "{" + Named + ",\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}}," + Job + "}}", ["spec.template.metadata.labels: Invalid value: {\"batch.kubernetes.io/controller-uid\":\"u-1\",\"batch.kubernetes.io/job-name\":\"x\",\"controller-uid\":\"u-1\",\"job-name\":\"x\"}: `selector` does not match template `labels`", "spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"b\",\"batch.kubernetes.io/controller-uid\":\"u-1\"}}: `selector` not auto-generated"] },
        { "Job", "{" + Named + ",\"spec\":{\"podFailurePolicy\":{\"rules\":[{\"action\":\"FailJob\",\"onExitCodes\":{\"operator\":\"In\",\"values\":[0]}}]}," + Job + "}}", ["spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator"] },
        { "Job", "{" + Named + ",\"spec\":{\"podReplacementPolicy\":\"TerminatingOrFailed\",\"podFailurePolicy\":{\"rules\":[]}," + Job + "}}", ["spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported values: \"Failed\""] },
        { "CronJob", "{\"spec\":{\"schedule\":\"* * * *\",\"jobTemplate\":{\"spec\":{" + Job + "}}}}", ["spec.schedule: Invalid value: \"* * * *\": expected exactly 5 fields, found 4: [* * * *]"] },
        { "CronJob", "{\"spec\":{\"schedule\":\"TZ=UTC * * * * *\",\"timeZone\":\"Mars/Base\",\"jobTemplate\":{\"spec\":{" + Job + "}}}}", ["spec.schedule: Invalid value: \"TZ=UTC * * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead", "spec.timeZone: Invalid value: \"Mars/Base\": unknown time zone Mars/Base"] },
        { "PodDisruptionBudget", """{"spec":{"minAvailable":1,"maxUnavailable":"200%"}}""", ["spec: Invalid value: {\"maxUnavailable\":\"200%\",\"minAvailable\":1}: minAvailable and maxUnavailable cannot be both set", "spec.maxUnavailable: Invalid value: \"200%\": must not be greater than 100%"] },
        { "PriorityClass", """{"metadata":{"name":"system-mine"},"value":5}""", ["metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class"] },
        { "PriorityClass", """{"metadata":{"name":"high"},"value":1000000001}""", ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"] },
        { "RuntimeClass", """{"handler":"Big"}""", ["handler: Invalid value: \"Big\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"] },
        { "PersistentVolumeClaim", """{"spec":{}}""", ["spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value"] },
        { "PersistentVolumeClaim", """{"spec":{"accessModes":["ReadWriteOncePod","ReadWriteOnce"],"resources":{"requests":{"storage":"0"}}}}""", ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes", "spec.resources[storage]: Invalid value: 0: must be greater than zero"] },
        { "PersistentVolume", """{"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"local":{"path":"/a/../b"}}}""", ["spec.local.path: Invalid value: \"/a/../b\": must not contain '..'", "spec.nodeAffinity: Required value: Local volume requires node affinity"] },
        { "PersistentVolume", """{"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"hostPath":{"path":"/a"},"nfs":{"server":"s","path":"/b"}}}""", ["spec.nfs: Forbidden: may not specify more than 1 volume type"] },
        { "LimitRange", """{"spec":{"limits":[{"type":"Pod","default":{"cpu":"1"}},{"type":"Container","min":{"cpu":"2"},"max":{"cpu":"1"}}]}}""", ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'", "spec.limits[1].min[cpu]: Invalid value: 2: min value 2 is greater than default request value 1", "spec.limits[1].min[cpu]: Invalid value: 2: min value 2 is greater than default value 1", "spec.limits[1].min[cpu]: Invalid value: 2: min value 2 is greater than max value 1"] },
        { "ResourceQuota", """{"spec":{"hard":{"pods":"1.5","bananas":"1"}}}""", ["spec.hard[pods]: Invalid value: \"1.5\": must be an integer", "spec.hard[bananas]: Invalid value: \"bananas\": must be a standard resource for quota"] },
        { "ResourceQuota", """{"spec":{"hard":{"services":"1"},"scopes":["BestEffort"]}}""", ["spec.scopes: Invalid value: \"BestEffort\": unsupported scope applied to resource"] },
        { "StorageClass", """{"reclaimPolicy":"Recycle"}""", ["provisioner: Required value", "reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\""] },
        { "VolumeAttachment", """{"spec":{"attacher":"a","nodeName":"n","source":{}}}""", ["spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"] },
        { "CSINode", """{"spec":{"drivers":[{"name":"a","nodeID":"1"},{"name":"a","nodeID":""}]}}""", ["spec.drivers[1].name: Duplicate value: \"a\"", "spec.drivers[1].nodeID: Required value"] },
        { "HorizontalPodAutoscaler", """{"spec":{"minReplicas":4,"maxReplicas":3,"scaleTargetRef":{"kind":"Deployment","name":"w"}}}""", ["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"] },
    };

    [Theory]
    [MemberData(nameof(Creates))]
    public void ANewObject_IsToldEveryBrokenRule(string kind, string value, string[] expected) => Assert.Equal(expected, KindHarness.Create(KindHarness.Kind(kind), value));

    public static TheoryData<string, string, string, string[]> Updates => new()
    {
        { "StatefulSet", "{\"spec\":{\"serviceName\":\"a\"," + Stateful + "}}", "{\"spec\":{\"serviceName\":\"b\"," + Stateful + "}}", ["spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"] },
        { "StatefulSet", "{\"spec\":{\"replicas\":1," + Stateful + "}}", "{\"spec\":{\"replicas\":5,\"minReadySeconds\":3," + Stateful + "}}", [] },
        { "PriorityClass", """{"value":1}""", """{"value":2}""", ["value: Forbidden: may not be changed in an update."] },
        { "StorageClass", """{"provisioner":"a","parameters":{"x":"1"}}""", """{"provisioner":"b","parameters":{"x":"2"}}""", ["parameters: Forbidden: updates to parameters are forbidden.", "provisioner: Forbidden: updates to provisioner are forbidden."] },
        { "RuntimeClass", """{"handler":"a"}""", """{"handler":"b"}""", ["handler: Invalid value: \"b\": field is immutable"] },
        { "PersistentVolumeClaim", """{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""", """{"spec":{"volumeName":"pv-1","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""", [] },
        { "PersistentVolumeClaim", """{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}""", """{"spec":{"accessModes":["ReadWriteMany"],"resources":{"requests":{"storage":"1Gi"}}}}""", ["spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"] },
        { "PersistentVolume", """{"spec":{"hostPath":{"path":"/a"}}}""", """{"spec":{"hostPath":{"path":"/b"}}}""", ["spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"] },
        { "ResourceQuota", """{"spec":{"scopes":["BestEffort"]}}""", """{"spec":{"scopes":["NotBestEffort"]}}""", ["spec.scopes: Invalid value: [\"NotBestEffort\"]: field is immutable"] },
    };

    [Theory]
    [MemberData(nameof(Updates))]
    public void AChange_OfWhatIsSetOnce_IsRefused(string kind, string stored, string changed, string[] expected) =>
        Assert.Equal(expected, KindHarness.Update(KindHarness.Kind(kind), stored, changed));

    [Theory]
    [InlineData("Job", """{"spec":{}}""", "completions", "1")]
    [InlineData("Job", """{"spec":{"parallelism":3}}""", "backoffLimit", "6")]
    [InlineData("Job", """{"spec":{"backoffLimitPerIndex":1}}""", "backoffLimit", "2147483647")]
    [InlineData("Job", """{"spec":{"podFailurePolicy":{"rules":[]}}}""", "podReplacementPolicy", "\"Failed\"")]
    [InlineData("CronJob", """{"spec":{}}""", "failedJobsHistoryLimit", "1")]
    [InlineData("StatefulSet", """{"spec":{}}""", "updateStrategy", """{"type":"RollingUpdate","rollingUpdate":{"partition":0}}""")]
    [InlineData("StatefulSet", """{"spec":{}}""", "persistentVolumeClaimRetentionPolicy", """{"whenDeleted":"Retain","whenScaled":"Retain"}""")]
    [InlineData("HorizontalPodAutoscaler", """{"spec":{}}""", "metrics", """[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]""")]
    [InlineData("LimitRange", """{"spec":{"limits":[{"type":"Container","max":{"cpu":"1"},"min":{"memory":"1Mi"}}]}}""", "limits", """[{"type":"Container","max":{"cpu":"1"},"min":{"memory":"1Mi"},"default":{"cpu":"1"},"defaultRequest":{"cpu":"1","memory":"1Mi"}}]""")]
    [InlineData("PersistentVolume", """{"spec":{}}""", "persistentVolumeReclaimPolicy", "\"Retain\"")]
    [InlineData("CSIDriver", """{"spec":{}}""", "volumeLifecycleModes", "[\"Persistent\"]")]
    public void AbsentFields_AreCompleted(string kind, string json, string field, string expected) =>
        Assert.Equal(expected, KindHarness.Defaulted(KindHarness.Kind(kind), json)["spec"]![field]!.ToJsonString());

    [Theory]
    [InlineData("StatefulSet", """{"metadata":{"name":"db"},"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}},"status":{"replicas":3,"readyReplicas":2}}""", "db|2/3|<unknown>|c|i")]
    [InlineData("Job", """{"metadata":{"name":"j"},"spec":{"completions":3,"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}},"status":{"succeeded":1,"startTime":"2026-11-21T11:59:00Z"}}""", "j|Running|1/3|60s|<unknown>|c|i|<none>")]
    [InlineData("Job", """{"metadata":{"name":"j"},"spec":{"parallelism":2},"status":{"conditions":[{"type":"Failed","status":"True"}]}}""", "j|Failed|0/1 of 2||<unknown>|||<none>")]
    [InlineData("CronJob", """{"metadata":{"name":"c"},"spec":{"schedule":"@daily","suspend":true}}""", "c|@daily|<none>|True|0|<none>|<unknown>|||<none>")]
    [InlineData("PodDisruptionBudget", """{"metadata":{"name":"p"},"spec":{"maxUnavailable":"30%"},"status":{"disruptionsAllowed":1}}""", "p|N/A|30%|1|<unknown>")]
    [InlineData("PersistentVolumeClaim", """{"metadata":{"name":"p"},"spec":{"volumeName":"pv","storageClassName":"standard","volumeMode":"Filesystem"},"status":{"phase":"Bound","accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"}}}""", "p|Bound|pv|1Gi|RWO|standard|<unset>|<unknown>|Filesystem")]
    [InlineData("PersistentVolume", """{"metadata":{"name":"pv"},"spec":{"accessModes":["ReadWriteMany","ReadWriteOnce"],"capacity":{"storage":"2Gi"},"claimRef":{"namespace":"a","name":"b"},"persistentVolumeReclaimPolicy":"Delete","volumeMode":"Block"},"status":{"phase":"Released"}}""", "pv|2Gi|RWO,RWX|Delete|Released|a/b||<unset>||<unknown>|Block")]
    [InlineData("StorageClass", """{"metadata":{"name":"s","annotations":{"storageclass.kubernetes.io/is-default-class":"true"}},"provisioner":"p"}""", "s (default)|p|Delete|Immediate|False|<unknown>")]
    [InlineData("ResourceQuota", """{"metadata":{"name":"q"},"status":{"hard":{"pods":"4","limits.cpu":"2"},"used":{"pods":"1"}}}""", "q|pods: 1/4|limits.cpu: 0/2|<unknown>")]
    [InlineData("PriorityClass", """{"metadata":{"name":"p"},"value":7,"preemptionPolicy":"Never"}""", "p|7|False|<unknown>|Never")]
    [InlineData("HorizontalPodAutoscaler", """{"metadata":{"name":"h"},"spec":{"maxReplicas":5,"minReplicas":1,"scaleTargetRef":{"kind":"Deployment","name":"w"},"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]}}""", "h|Deployment/w|cpu: <unknown>/80%|1|5|0|<unknown>")]
    public void TheRow_SaysWhatPeopleKnow(string name, string json, string expected)
    {
        var kind = KindHarness.Kind(name);

        Assert.Equal(expected, string.Join('|', kind.Cells(KindHarness.Typed(kind, KindHarness.Parse(json)), KindHarness.Now)));
    }
}
