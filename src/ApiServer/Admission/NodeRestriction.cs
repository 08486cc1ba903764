using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Authorization;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Storage;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission;

/// <summary>A node agent writes what belongs to its own node, and of that only what a node may know better than the control plane.</summary>
/// <remarks>Upstream's plugin NodeRestriction, the gaps that CVE-2025-4563 and CVE-2025-5187 showed included.</remarks>
internal sealed class NodeRestriction(IStateEngine engine) : IAdmission
{
    private const string Mirror = "kubernetes.io/config.mirror";
    private const string LeaseNamespace = "kube-node-lease";

    // Labels under kubernetes.io and k8s.io that a node says of itself.
    private static readonly HashSet<string> s_ownLabels =
    [
        "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type", "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region",
    ];

    /// <inheritdoc/>
    public string Name => "NodeRestriction";

    /// <summary>The node that a user is the agent of, or null.</summary>
    public static string? NodeOf(ApiUser user) =>
        user.Groups.Contains(ApiUser.NodesGroup) && user.Name.StartsWith(ApiUser.NodePrefix, StringComparison.Ordinal) ? user.Name[ApiUser.NodePrefix.Length..] : null;

    /// <inheritdoc/>
    public async ValueTask<ApiError?> ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.User.Groups.Contains(ApiUser.NodesGroup))
        {
            return null;
        }

        if (NodeOf(request.User) is not { Length: > 0 } node)
        {
            return Refuse(request, $"could not determine node from user \"{request.User.Name}\"");
        }

        var type = request.Kind.Type;
        if (type == Pod.ResourceType)
        {
            return request.Verb switch
            {
                "create" => await CheckMirrorAsync(request, node, cancellationToken),
                "delete" => CheckPodDelete(request, node),
                "connect" => Refuse(request, $"node \"{node}\" can not connect to pods"),
                _ => CheckPodUpdate(request, node),
            };
        }

        if (type == Node.ResourceType)
        {
            return request.Verb == "delete" ? Refuse(request, $"node \"{node}\" is not allowed to delete nodes") : CheckNode(request, node);
        }

        if (type == ServiceAccount.ResourceType && request.Info.Subresource == "token")
        {
            return await CheckTokenAsync(request, node, cancellationToken);
        }

        if (type == Lease.ResourceType)
        {
            return request.Namespace != LeaseNamespace ? Refuse(request, $"can only access leases in the \"{LeaseNamespace}\" system namespace")
                : request.Name != node ? Refuse(request, "can only access node lease with the same name as the requesting node") : null;
        }

        return type == CSINode.ResourceType && request.Name != node ? Refuse(request, "can only access CSINode with the same name as the requesting node") : null;
    }

    private async ValueTask<ApiError?> CheckMirrorAsync(AdmissionRequest request, string node, CancellationToken cancellationToken)
    {
        var pod = request.View<Pod>();
        if (pod.Metadata.Annotations?.ContainsKey(Mirror) != true)
        {
            return Refuse(request, $"pod does not have \"{Mirror}\" annotation, node \"{node}\" can only create mirror pods");
        }

        if (pod.Spec.NodeName != node)
        {
            return Refuse(request, $"node \"{node}\" can only create pods with spec.nodeName set to itself");
        }

        if (pod.Metadata.OwnerReferences is not [var owner] || owner.ApiVersion != "v1" || owner.Kind != "Node" || owner.Name != node)
        {
            return Refuse(request, $"node \"{node}\" can only create pods with an owner reference set to itself");
        }

        if (owner.Controller != true || owner.BlockOwnerDeletion == true)
        {
            return Refuse(request, $"node \"{node}\" can only create pods with a controller owner reference set to itself that does not block its deletion");
        }

        if (await engine.FindAsync<Node>("", node, cancellationToken) is not { } found || found.Metadata.Uid != owner.Uid)
        {
            return Refuse(request, $"node \"{node}\" can only create pods with an owner reference of its own uid");
        }

        var named = PodReferences.Named(pod).Select(reference => reference.Resource).ToHashSet(StringComparer.Ordinal);
        var what = named.Contains("serviceaccounts") ? "a service account"
            : pod.Spec.ResourceClaims is { Count: > 0 } ? "resourceclaims"
            : Array.Find(["secrets", "configmaps", "persistentvolumeclaims"], named.Contains);
        return what is null ? null : Refuse(request, $"node \"{node}\" can not create pods that reference {what}");
    }

    private static ApiError? CheckPodDelete(AdmissionRequest request, string node) =>
        request.Stored is { } stored && (stored["spec"] as JsonObject)?.Text("nodeName") == node ? null
            : Refuse(request, request.Info.Subresource == "eviction"
                ? $"node {node} can only evict pods with spec.nodeName set to itself" : $"node \"{node}\" can only delete pods with spec.nodeName set to itself");

    private static ApiError? CheckPodUpdate(AdmissionRequest request, string node)
    {
        if (request.Info.Subresource != "status")
        {
            return Refuse(request, $"node \"{node}\" can only update the status of pods");
        }

        if (request.Stored is not { } stored || (stored["spec"] as JsonObject)?.Text("nodeName") != node)
        {
            return Refuse(request, $"node \"{node}\" can only update pod status for pods with spec.nodeName set to itself");
        }

        return JsonNode.DeepEquals(stored.Meta()["labels"], request.Value!.Meta()["labels"]) ? null : Refuse(request, $"node \"{node}\" cannot update labels through pod status");
    }

    private static ApiError? CheckNode(AdmissionRequest request, string node)
    {
        if (request.Name != node)
        {
            return Refuse(request, $"node \"{node}\" is not allowed to modify node \"{request.Name}\"");
        }

        var (value, stored) = (request.Value!, request.Stored);
        if (!JsonNode.DeepEquals(value.Meta()["ownerReferences"], stored?.Meta()["ownerReferences"]))
        {
            return Refuse(request, $"node \"{node}\" is not allowed to modify ownerReferences");
        }

        var changed = Changed(value.Meta()["labels"] as JsonObject, stored?.Meta()["labels"] as JsonObject).Where(label => !MayLabel(label)).Order(StringComparer.Ordinal).ToList();
        if (changed.Count > 0)
        {
            return Refuse(request, stored is null
                ? $"node \"{node}\" is not allowed to set the following labels: {string.Join(", ", changed)}" : $"is not allowed to modify labels: {string.Join(", ", changed)}");
        }

        return stored is not null && request.Info.Subresource.Length == 0 && !JsonNode.DeepEquals(value["spec"]?["taints"], stored["spec"]?["taints"])
            ? Refuse(request, $"node \"{node}\" is not allowed to modify taints") : null;
    }

    private async ValueTask<ApiError?> CheckTokenAsync(AdmissionRequest request, string node, CancellationToken cancellationToken)
    {
        if (request.Value?["spec"]?["boundObjectRef"] is not JsonObject reference || reference.Text("kind") != "Pod" || reference.Text("name").Length == 0)
        {
            return Refuse(request, "node requested token not bound to a pod");
        }

        if (reference.Text("uid").Length == 0)
        {
            return Refuse(request, "node requested token with a pod binding without a uid");
        }

        var pod = await engine.FindAsync<Pod>(request.Namespace, reference.Text("name"), cancellationToken);
        if (pod is null)
        {
            return ApiErrors.NotFound(Pod.ResourceType, reference.Text("name"));
        }

        if (pod.Metadata.Uid != reference.Text("uid"))
        {
            return Refuse(request, $"the UID in the bound object reference ({reference.Text("uid")}) does not match the UID in record. The object might have been deleted and then recreated");
        }

        return pod.Spec.NodeName == node ? null : Refuse(request, "node requested token bound to a pod scheduled on a different node");
    }

    private static IEnumerable<string> Changed(JsonObject? now, JsonObject? before) =>
        (now ?? []).Select(pair => pair.Key).Union((before ?? []).Select(pair => pair.Key)).Where(key => now?[key]?.ToString() != before?[key]?.ToString());

    // A node may label itself at will outside Kubernetes' own prefixes, and inside them where a kubelet may.
    private static bool MayLabel(string label)
    {
        var slash = label.IndexOf('/', StringComparison.Ordinal);
        var prefix = slash < 0 ? "" : label[..slash];
        var reserved = Under(prefix, "kubernetes.io") || Under(prefix, "k8s.io");
        return !reserved || s_ownLabels.Contains(label)
            || (!Under(prefix, "node-restriction.kubernetes.io") && (Under(prefix, "kubelet.kubernetes.io") || Under(prefix, "node.kubernetes.io")));
    }

    private static bool Under(string prefix, string domain) => prefix == domain || prefix.EndsWith("." + domain, StringComparison.Ordinal);

    private static ApiError Refuse(AdmissionRequest request, string detail) => ApiErrors.Forbidden(request.Kind.Type, request.Name, detail);
}
