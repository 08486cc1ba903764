using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Apiregistration;

namespace KubeAspire.ApiServer.Bootstrap;

/// <summary>An APIService for every version of a group that this server serves itself, as <c>kubectl get apiservices</c> shows.</summary>
/// <remarks>The priorities are those of upstream's kube-apiserver (cmd/kube-apiserver/app/aggregator.go): a short name is looked up in this order.</remarks>
internal static class LocalApiServices
{
    private const string AutoManaged = "kube-aggregator.kubernetes.io/automanaged";
    private const string Own = "apiregistration.k8s.io"; // the group that would list itself

    // Priority of the group; versions within a group count upwards from 15.
    private static readonly Dictionary<string, int> s_priorities = new(StringComparer.Ordinal)
    {
        [""] = 18000, ["apps"] = 17800, ["events.k8s.io"] = 17750, ["authentication.k8s.io"] = 17700, ["authorization.k8s.io"] = 17600, ["autoscaling"] = 17500,
        ["batch"] = 17400, ["certificates.k8s.io"] = 17300, ["networking.k8s.io"] = 17200, ["policy"] = 17100, ["rbac.authorization.k8s.io"] = 17000,
        ["storage.k8s.io"] = 16800, ["apiextensions.k8s.io"] = 16700, ["admissionregistration.k8s.io"] = 16700, ["scheduling.k8s.io"] = 16600,
        ["coordination.k8s.io"] = 16500, ["node.k8s.io"] = 16300, ["discovery.k8s.io"] = 16200, ["flowcontrol.apiserver.k8s.io"] = 16100, ["resource.k8s.io"] = 15900,
    };

    /// <summary>What is listed for the groups and versions that are served.</summary>
    public static IEnumerable<APIService> Of(IEnumerable<(string Group, string Version)> served) =>
        served.Distinct().Where(one => one.Group != Own && s_priorities.ContainsKey(one.Group)).Select(one => new APIService
        {
            Metadata = new ObjectMeta { Name = $"{one.Version}.{one.Group}", Labels = new Dictionary<string, string> { [AutoManaged] = "onstart" } },
            Spec = new APIServiceSpec { Group = one.Group, Version = one.Version, GroupPriorityMinimum = s_priorities[one.Group], VersionPriority = VersionPriority(one) },
        });

    private static int VersionPriority((string Group, string Version) one) => one switch
    {
        { Group: "" } => 1,
        { Version: "v2" } => 30,
        { Group: "flowcontrol.apiserver.k8s.io" } => 21,
        _ => 15,
    };
}
