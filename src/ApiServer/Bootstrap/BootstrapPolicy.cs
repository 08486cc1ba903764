using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.Resources.Rbac;

namespace KubeAspire.ApiServer.Bootstrap;

/// <summary>The roles and bindings that every cluster has.</summary>
/// <remarks>Upstream's plugin/pkg/auth/authorizer/rbac/bootstrappolicy, as far as its components exist here.</remarks>
internal static class BootstrapPolicy
{
    public const string BootstrapLabel = "kubernetes.io/bootstrapping";
    public const string Defaults = "rbac-defaults";
    public const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";
    private const string RbacGroup = "rbac.authorization.k8s.io";
    private static readonly string[] s_read = ["get", "list", "watch"];
    private static readonly string[] s_write = ["create", "delete", "deletecollection", "patch", "update"];
    private static readonly string[] s_all = [.. s_read, .. s_write];

    public static IEnumerable<ClusterRole> ClusterRoles() =>
    [
        Role("cluster-admin", Rule(["*"], ["*"], ["*"]), Paths(["*"], "*")),
        Aggregate("admin", "admin"),
        Aggregate("edit", "edit", "admin"),
        Aggregate("view", "view", "edit"),
        Labelled("system:aggregate-to-admin", "admin", Rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]), Rule([RbacGroup], ["roles", "rolebindings"], s_all)),
        Labelled("system:aggregate-to-edit", "edit", EditRules()),
        Labelled("system:aggregate-to-view", "view", ViewRules()),
        Role("system:basic-user", Rule(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]), Rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"])),
        Role("system:discovery", Paths(["get"], "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/")),
        Role("system:public-info-viewer", Paths(["get"], "/healthz", "/livez", "/readyz", "/version", "/version/")),
        Role("system:node", NodeRules()),
        Role("system:node-bootstrapper", Rule(["certificates.k8s.io"], ["certificatesigningrequests"], [.. s_read, "create"])),
        Role("system:certificates.k8s.io:certificatesigningrequests:nodeclient", Rule(["certificates.k8s.io"], ["certificatesigningrequests/nodeclient"], ["create"])),
        Role("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient", Rule(["certificates.k8s.io"], ["certificatesigningrequests/selfnodeclient"], ["create"])),
        Role("system:service-account-issuer-discovery", Paths(["get"], "/.well-known/openid-configuration", "/.well-known/openid-configuration/", TokenIssuerDocuments.KeysPath, TokenIssuerDocuments.KeysPath + "/")),
        Role("system:kube-controller-manager", ControllerRules()),
        Role("system:kube-scheduler", SchedulerRules()),
        Role("system:kubeaspire:gateway", GatewayRules()),
        Role("system:auth-delegator", Rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]), Rule(["authorization.k8s.io"], ["subjectaccessreviews"], ["create"])),
    ];

    public static IEnumerable<ClusterRoleBinding> ClusterRoleBindings() =>
    [
        Bind("cluster-admin", "cluster-admin", Group("system:masters")),
        Bind("system:basic-user", "system:basic-user", Group("system:authenticated")),
        Bind("system:discovery", "system:discovery", Group("system:authenticated")),
        Bind("system:public-info-viewer", "system:public-info-viewer", Group("system:authenticated"), Group("system:unauthenticated")),
        Bind("system:node", "system:node"), // To nobody, as upstream: the Node authorizer gives each node what is its own.
        Bind("system:service-account-issuer-discovery", "system:service-account-issuer-discovery", Group("system:serviceaccounts")),
        Bind("system:kube-controller-manager", "system:kube-controller-manager", User("system:kube-controller-manager")),
        Bind("system:kube-scheduler", "system:kube-scheduler", User("system:kube-scheduler")),
        Bind("system:kubeaspire:gateway", "system:kubeaspire:gateway", Group("system:kubeaspire:gateways")),
    ];

    private static PolicyRule[] EditRules() =>
    [
        Rule([""], ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "services/proxy"], s_read),
        Rule([""], ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], s_write),
        Rule([""], ["pods/eviction"], ["create"]),
        Rule([""], ["configmaps", "events", "replicationcontrollers", "replicationcontrollers/scale", "services", "services/proxy", "podtemplates", "persistentvolumeclaims"], s_write),
        Rule([""], ["secrets"], s_all),
        Rule([""], ["serviceaccounts"], [.. s_write, "impersonate"]),
        Rule([""], ["serviceaccounts/token"], ["create"]),
        Rule(["apps"], ["daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale"], s_write),
        Rule(["autoscaling"], ["horizontalpodautoscalers"], s_write),
        Rule(["batch"], ["cronjobs", "jobs"], s_write),
        Rule(["policy"], ["poddisruptionbudgets"], s_write),
        Rule(["coordination.k8s.io"], ["leases"], s_all),
        Rule(["networking.k8s.io"], ["ingresses", "networkpolicies"], s_write),
        Rule(["resource.k8s.io"], ["resourceclaims", "resourceclaimtemplates"], s_write),
    ];

    private static PolicyRule[] ViewRules() =>
    [
        Rule([""], ["configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods", "replicationcontrollers", "replicationcontrollers/scale", "serviceaccounts", "services", "podtemplates"], s_read),
        Rule([""], ["bindings", "events", "limitranges", "namespaces/status", "pods/log", "pods/status", "replicationcontrollers/status", "resourcequotas", "resourcequotas/status", "services/status"], s_read),
        Rule([""], ["namespaces"], s_read),
        Rule(["discovery.k8s.io"], ["endpointslices"], s_read),
        Rule(["apps"], ["controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/scale", "deployments/status", "replicasets", "replicasets/scale", "replicasets/status", "statefulsets", "statefulsets/scale", "statefulsets/status"], s_read),
        Rule(["autoscaling"], ["horizontalpodautoscalers", "horizontalpodautoscalers/status"], s_read),
        Rule(["batch"], ["cronjobs", "cronjobs/status", "jobs", "jobs/status"], s_read),
        Rule(["policy"], ["poddisruptionbudgets", "poddisruptionbudgets/status"], s_read),
        Rule(["networking.k8s.io"], ["ingresses", "ingresses/status", "networkpolicies"], s_read),
        Rule(["resource.k8s.io"], ["resourceclaims", "resourceclaims/status", "resourceclaimtemplates"], s_read),
    ];

    /// <summary>What every node may do; where a name decides, the Node authorizer asks for more than this role.</summary>
    public static PolicyRule[] NodeRules() =>
    [
        Rule([""], ["nodes"], [.. s_read, "create", "update", "patch"]),
        Rule([""], ["nodes/status"], ["update", "patch"]),
        Rule([""], ["services"], s_read),
        Rule([""], ["pods"], [.. s_read, "create", "delete"]),
        Rule([""], ["pods/status"], ["update", "patch"]),
        Rule([""], ["pods/eviction"], ["create"]),
        Rule([""], ["configmaps", "secrets"], s_read),
        Rule([""], ["serviceaccounts", "persistentvolumeclaims", "persistentvolumes"], ["get"]),
        Rule([""], ["serviceaccounts/token"], ["create"]),
        Rule(["certificates.k8s.io"], ["certificatesigningrequests"], [.. s_read, "create"]),
        Rule(["node.k8s.io"], ["runtimeclasses"], s_read),
        Rule(["storage.k8s.io"], ["csidrivers"], s_read),
        Rule(["storage.k8s.io"], ["csinodes"], ["get", "create", "update", "patch", "delete"]),
        Rule(["", "events.k8s.io"], ["events"], ["create", "update", "patch"]),
        Rule(["coordination.k8s.io"], ["leases"], [.. s_read, "create", "update", "patch", "delete"]),
        Rule(["discovery.k8s.io"], ["endpointslices"], s_read),
        Rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]),
        Rule(["authorization.k8s.io"], ["subjectaccessreviews", "localsubjectaccessreviews"], ["create"]),
    ];

    // Namespace deletion and garbage collection reach every kind there is; creating does not.
    private static PolicyRule[] ControllerRules() =>
    [
        Rule(["*"], ["*"], [.. s_read, "delete", "deletecollection", "patch", "update"]),
        Rule([""], ["pods", "endpoints", "events", "serviceaccounts", "configmaps", "secrets", "namespaces", "pods/eviction"], ["create"]),
        Rule([""], ["serviceaccounts/token"], ["create"]),
        Rule([""], ["persistentvolumeclaims", "persistentvolumes"], ["create"]),
        Rule(["apps"], ["replicasets", "controllerrevisions"], ["create"]),
        Rule(["batch"], ["jobs"], ["create"]),
        Rule(["events.k8s.io"], ["events"], ["create"]),
        Rule(["coordination.k8s.io"], ["leases"], ["create"]),
        Rule(["certificates.k8s.io"], ["signers"], ["approve", "sign"]),
        Rule(["discovery.k8s.io"], ["endpointslices"], ["create"]),
        Rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]),
        Rule(["authorization.k8s.io"], ["subjectaccessreviews"], ["create"]),
        // Aggregation writes the union of roles that others wrote: upstream's clusterrole-aggregation-controller holds the same verb.
        Rule([RbacGroup], ["clusterroles"], ["escalate"]),
    ];

    private static PolicyRule[] SchedulerRules() =>
    [
        Rule([""], ["nodes", "pods", "namespaces", "services", "replicationcontrollers"], s_read),
        Rule([""], ["pods"], ["delete"]),
        Rule([""], ["bindings", "pods/binding"], ["create"]),
        Rule([""], ["pods/status"], ["patch", "update"]),
        Rule(["", "events.k8s.io"], ["events"], ["create", "patch", "update"]),
        Rule([""], ["persistentvolumeclaims", "persistentvolumes"], [.. s_read, "patch", "update"]),
        Rule(["storage.k8s.io"], ["storageclasses", "csinodes", "csidrivers", "csistoragecapacities"], s_read),
        Rule(["policy"], ["poddisruptionbudgets"], s_read),
        Rule(["apps"], ["replicasets", "statefulsets"], s_read),
        Rule(["coordination.k8s.io"], ["leases"], [.. s_read, "create", "update"]),
    ];

    private static PolicyRule[] GatewayRules() =>
    [
        Rule([""], ["services", "endpoints", "nodes", "namespaces", "pods", "configmaps"], s_read),
        Rule([""], ["secrets"], s_read),
        Rule([""], ["services/status"], ["patch", "update"]),
        Rule([""], ["events"], ["create", "patch", "update"]),
        Rule(["discovery.k8s.io"], ["endpointslices"], s_read),
        Rule(["networking.k8s.io"], ["ingresses", "ingressclasses"], s_read),
        Rule(["networking.k8s.io"], ["ingressclasses"], ["create"]), // Its own, where nobody made it.
        Rule(["networking.k8s.io"], ["ingresses/status"], ["patch", "update"]),
        Rule(["coordination.k8s.io"], ["leases"], [.. s_read, "create", "update", "patch", "delete"]),
    ];

    private static PolicyRule Rule(string[] groups, string[] resources, string[] verbs) => new() { ApiGroups = groups, Resources = resources, Verbs = verbs };

    private static PolicyRule Paths(string[] verbs, params string[] paths) => new() { NonResourceURLs = paths, Verbs = verbs };

    private static ClusterRole Role(string name, params PolicyRule[] rules) => new() { Metadata = Meta(name), Rules = rules };

    private static ClusterRole Labelled(string name, string target, params PolicyRule[] rules) => new() { Metadata = Meta(name, target), Rules = rules };

    private static ClusterRole Aggregate(string name, string gathers, string? into = null) => new()
    {
        Metadata = Meta(name, into),
        AggregationRule = new AggregationRule
        {
            ClusterRoleSelectors = [new LabelSelector { MatchLabels = new Dictionary<string, string> { [$"{RbacGroup}/aggregate-to-{gathers}"] = "true" } }],
        },
    };

    private static ObjectMeta Meta(string name, string? into = null)
    {
        var labels = new Dictionary<string, string> { [BootstrapLabel] = Defaults };
        if (into is not null)
        {
            labels[$"{RbacGroup}/aggregate-to-{into}"] = "true";
        }

        return new ObjectMeta { Name = name, Labels = labels, Annotations = new Dictionary<string, string> { [AutoUpdate] = "true" } };
    }

    private static ClusterRoleBinding Bind(string name, string role, params Subject[] subjects) => new()
    {
        Metadata = Meta(name),
        RoleRef = new RoleRef { ApiGroup = RbacGroup, Kind = "ClusterRole", Name = role },
        Subjects = subjects,
    };

    private static Subject Group(string name) => new() { Kind = "Group", ApiGroup = RbacGroup, Name = name };

    private static Subject User(string name) => new() { Kind = "User", ApiGroup = RbacGroup, Name = name };
}
