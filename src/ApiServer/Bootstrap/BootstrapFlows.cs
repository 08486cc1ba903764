using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Flowcontrol;

namespace KubeAspire.ApiServer.Bootstrap;

/// <summary>The flow schemas and priority levels that every cluster begins with.</summary>
/// <remarks>k8s.io/apiserver pkg/apis/flowcontrol/bootstrap/default.go.</remarks>
internal static class BootstrapFlows
{
    private const string Annotation = "apf.kubernetes.io/autoupdate-spec";

    private static readonly string[] s_any = ["*"];
    private static readonly string[] s_leaderVerbs = ["get", "create", "update"];
    private static readonly Subject s_nodes = MandatoryFlows.Group("system:nodes");

    public static IEnumerable<PriorityLevelConfiguration> Levels() =>
    [
        Level(MandatoryFlows.Exempt, new() { Type = "Exempt", Exempt = new() { NominalConcurrencyShares = 0, LendablePercent = 0 } }),
        Level(MandatoryFlows.CatchAll, MandatoryFlows.Level(MandatoryFlows.CatchAll)!),
        Queued("leader-election", shares: 10, lendable: 0, queues: 16, hand: 4),
        Queued("node-high", shares: 40, lendable: 25, queues: 64, hand: 6),
        Queued("system", shares: 30, lendable: 33, queues: 64, hand: 6),
        Queued("workload-high", shares: 40, lendable: 50, queues: 128, hand: 6),
        Queued("workload-low", shares: 100, lendable: 90, queues: 128, hand: 6),
        Queued("global-default", shares: 20, lendable: 50, queues: 128, hand: 6),
    ];

    public static IEnumerable<FlowSchema> Schemas() =>
    [
        Schema(MandatoryFlows.Exempt, MandatoryFlows.Schema(MandatoryFlows.Exempt)!),
        Schema(MandatoryFlows.CatchAll, MandatoryFlows.Schema(MandatoryFlows.CatchAll)!),
        Schema("probes", MandatoryFlows.Exempt, 2, null, new PolicyRulesWithSubjects
        {
            Subjects = [MandatoryFlows.Group("system:unauthenticated"), MandatoryFlows.Group("system:authenticated")],
            NonResourceRules = [new() { Verbs = ["get"], NonResourceURLs = ["/healthz", "/readyz", "/livez"] }],
        }),
        Schema("system-leader-election", "leader-election", 100, "ByUser", Leases(
            MandatoryFlows.User("system:kube-controller-manager"), MandatoryFlows.User("system:kube-scheduler"), MandatoryFlows.ServiceAccount("kube-system", "*"))),
        Schema("endpoint-controller", "workload-high", 150, "ByUser", new PolicyRulesWithSubjects
        {
            Subjects =
            [
                MandatoryFlows.User("system:kube-controller-manager"), MandatoryFlows.ServiceAccount("kube-system", "endpoint-controller"),
                MandatoryFlows.ServiceAccount("kube-system", "endpointslicemirroring-controller"),
            ],
            ResourceRules = [new() { Verbs = ["get", "create", "update"], ApiGroups = [""], Resources = ["endpoints"], Namespaces = s_any }],
        }),
        Schema("workload-leader-election", "leader-election", 200, "ByUser", Leases(MandatoryFlows.ServiceAccount("kube-system", "*"))),
        Schema("system-node-high", "node-high", 400, "ByUser", new PolicyRulesWithSubjects
        {
            Subjects = [s_nodes],
            ResourceRules =
            [
                new() { Verbs = s_any, ApiGroups = [""], Resources = ["nodes", "nodes/status"], Namespaces = s_any, ClusterScope = true },
                new() { Verbs = s_any, ApiGroups = ["coordination.k8s.io"], Resources = ["leases"], Namespaces = s_any },
            ],
        }),
        Schema("system-nodes", "system", 500, "ByUser", MandatoryFlows.Everything(s_nodes)),
        Schema("kube-controller-manager", "workload-high", 800, "ByNamespace", MandatoryFlows.Everything(MandatoryFlows.User("system:kube-controller-manager"))),
        Schema("kube-scheduler", "workload-high", 800, "ByNamespace", MandatoryFlows.Everything(MandatoryFlows.User("system:kube-scheduler"))),
        Schema("kube-system-service-accounts", "workload-high", 900, "ByNamespace", MandatoryFlows.Everything(MandatoryFlows.ServiceAccount("kube-system", "*"))),
        Schema("service-accounts", "workload-low", 9000, "ByUser", MandatoryFlows.Everything(MandatoryFlows.Group("system:serviceaccounts"))),
        Schema(
            "global-default", "global-default", 9900, "ByUser",
            MandatoryFlows.Everything(MandatoryFlows.Group("system:unauthenticated"), MandatoryFlows.Group("system:authenticated"))),
    ];

    private static PolicyRulesWithSubjects Leases(params IReadOnlyList<Subject> subjects) => new()
    {
        Subjects = subjects,
        ResourceRules = [new() { Verbs = s_leaderVerbs, ApiGroups = ["coordination.k8s.io"], Resources = ["leases"], Namespaces = s_any }],
    };

    private static PriorityLevelConfiguration Queued(string name, int shares, int lendable, int queues, int hand) => Level(name, new()
    {
        Type = "Limited",
        Limited = new()
        {
            NominalConcurrencyShares = shares,
            LendablePercent = lendable,
            LimitResponse = new() { Type = "Queue", Queuing = new() { Queues = queues, HandSize = hand, QueueLengthLimit = 50 } },
        },
    });

    private static PriorityLevelConfiguration Level(string name, PriorityLevelConfigurationSpec spec) => new() { Metadata = Meta(name), Spec = spec };

    private static FlowSchema Schema(string name, string level, int precedence, string? method, params IReadOnlyList<PolicyRulesWithSubjects> rules) => Schema(name, new()
    {
        PriorityLevelConfiguration = new() { Name = level },
        MatchingPrecedence = precedence,
        DistinguisherMethod = method is null ? null : new() { Type = method },
        Rules = rules,
    });

    private static FlowSchema Schema(string name, FlowSchemaSpec spec) => new() { Metadata = Meta(name), Spec = spec };

    private static ObjectMeta Meta(string name) => new() { Name = name, Annotations = new Dictionary<string, string> { [Annotation] = "true" } };
}
