using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Bootstrap;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Rbac;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Authorization;

/// <summary>What a node agent may read and write: its own node, the pods bound to it, and what those pods refer to.</summary>
/// <remarks>
/// Upstream's Node authorizer. Where upstream keeps a graph that follows its watches, this asks the store itself: a secret may be read from the moment
/// that a pod which mounts it is bound, with no lag in between. What a name does not decide is left to the role <c>system:node</c>,
/// and which fields of an object a node may change to <see cref="NodeRestriction"/>.
/// </remarks>
internal sealed class NodeAuthorizer(IStateEngine engine)
{
    private const string LeaseNamespace = "kube-node-lease";
    private static readonly PolicyRule[] s_rules = BootstrapPolicy.NodeRules();

    /// <summary>Whether a node may do what is asked.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="fieldSelector">The field selector of a list or watch; empty for none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<bool> AllowsAsync(string node, AccessQuestion question, string fieldSelector, CancellationToken cancellationToken) =>
        question.Path is null && (await DecideAsync(node, question, fieldSelector, cancellationToken) ?? s_rules.Any(rule => Rules.Allows(rule, question)));

    // True or false where a name decides; null where the rules that all nodes have do.
    private async ValueTask<bool?> DecideAsync(string node, AccessQuestion question, string fieldSelector, CancellationToken cancellationToken)
    {
        var reads = question.Verb is "get" or "list" or "watch";
        return (question.Group, question.Resource) switch
        {
            ("", "nodes") => reads ? question.Name == node || Selects(fieldSelector, "metadata.name", node) : question.Verb == "create" || (question.Verb is "update" or "patch" && question.Name == node),
            ("", "nodes/status") => question.Verb is "get" or "update" or "patch" && question.Name == node,
            ("", "pods") when reads => question.Verb == "get" ? await OwnPodAsync(node, question, cancellationToken) : Selects(fieldSelector, "spec.nodeName", node),
            ("", "pods/status") => await OwnPodAsync(node, question, cancellationToken),
            ("", "secrets" or "configmaps") => reads && question.Name.Length > 0 && await RefersAsync(node, question, cancellationToken),
            ("", "persistentvolumeclaims") => question.Verb == "get" && await RefersAsync(node, question, cancellationToken),
            ("", "persistentvolumes") => question.Verb == "get" && await RefersToVolumeAsync(node, question.Name, cancellationToken),
            ("", "serviceaccounts/token") => question.Verb == "create" && await RefersAsync(node, question with { Resource = "serviceaccounts" }, cancellationToken),
            ("", "serviceaccounts") => question.Verb == "get" && await RefersAsync(node, question, cancellationToken),
            ("coordination.k8s.io", "leases") when question.Namespace == LeaseNamespace =>
                question.Verb is "create" || (question.Verb is "get" or "update" or "patch" or "delete" && question.Name == node),
            ("coordination.k8s.io", "leases") => reads ? null : false,
            ("storage.k8s.io", "csinodes") => question.Verb is "create" || (question.Verb is "get" or "update" or "patch" or "delete" && question.Name == node),
            ("kubeaspire.dev", "nodes/tunnel") => question.Verb == "create" && question.Name == node,
            _ => null,
        };
    }

    private async ValueTask<bool> OwnPodAsync(string node, AccessQuestion question, CancellationToken cancellationToken) =>
        await engine.FindAsync<Pod>(question.Namespace, question.Name, cancellationToken) is { } pod && pod.Spec.NodeName == node;

    private async ValueTask<bool> RefersAsync(string node, AccessQuestion question, CancellationToken cancellationToken)
    {
        var pods = await engine.AllAsync<Pod>(question.Namespace, cancellationToken);
        return question.Namespace.Length > 0 && pods.Any(pod => pod.Spec.NodeName == node && PodReferences.Of(pod).Contains((question.Resource, question.Name)));
    }

    private async ValueTask<bool> RefersToVolumeAsync(string node, string volume, CancellationToken cancellationToken)
    {
        if (await engine.FindAsync<PersistentVolume>("", volume, cancellationToken) is not { Spec.ClaimRef: { } claim })
        {
            return false;
        }

        var question = new AccessQuestion { Verb = "get", Resource = "persistentvolumeclaims", Namespace = claim.Namespace ?? "", Name = claim.Name ?? "" };
        return await RefersAsync(node, question, cancellationToken);
    }

    private static bool Selects(string fieldSelector, string field, string value) =>
        fieldSelector.Split(',').Any(part => part == $"{field}={value}" || part == $"{field}=={value}");
}
