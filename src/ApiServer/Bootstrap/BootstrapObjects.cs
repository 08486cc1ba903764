using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Authorization;
using KubeAspire.Client;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Networking;
using KubeAspire.Resources.Rbac;
using KubeAspire.Resources.Scheduling;
using KubeAspire.StateStore;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer.Bootstrap;

/// <summary>Writes what every cluster has: system namespaces, roles and bindings, the Services <c>kubernetes</c> (its endpoints: <see cref="ServerLeases"/>) and <c>kube-dns</c>.</summary>
/// <remarks>
/// Runs at every start. What exists is only widened: a rule or subject that is missing is added unless the object says
/// <c>rbac.authorization.kubernetes.io/autoupdate: "false"</c>; what a user added stays.
/// </remarks>
internal sealed class BootstrapObjects(ApiServerOptions options, IStateEngine engine, Func<IApiClient> clientOf, ILogger<BootstrapObjects> logger)
{
    private static readonly string[] s_namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"];

    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        var client = clientOf();
        // Independent writes go together: the log commits them in one group.
        await Task.WhenAll(s_namespaces.Select(name => EnsureAsync(client, new Namespace { Metadata = new ObjectMeta { Name = name } }, _ => null, cancellationToken)));
        await Task.WhenAll(
        [
            .. BootstrapPolicy.ClusterRoles().Select(role => EnsureAsync(client, role, stored => Widen(stored, role), cancellationToken)),
            .. BootstrapPolicy.ClusterRoleBindings().Select(binding => EnsureAsync(client, binding, stored => Widen(stored, binding), cancellationToken)),
            EnsureAsync(client, Kubernetes(), _ => null, cancellationToken),
            EnsureAsync(client, Dns(), _ => null, cancellationToken),
            EnsureAsync(client, ServiceRange(), _ => null, cancellationToken),
            .. PriorityClasses().Select(found => EnsureAsync(client, found, _ => null, cancellationToken)),
            .. BootstrapFlows.Levels().Select(level => EnsureAsync(client, level, _ => null, cancellationToken)),
            .. LocalApiServices.Of(options.Kinds.Select(kind => (kind.Type.Group, kind.Type.Version))).Select(service => EnsureAsync(client, service, _ => null, cancellationToken)),
        ]);
        // After the levels that they refer to.
        await Task.WhenAll(BootstrapFlows.Schemas().Select(schema => EnsureAsync(client, schema, _ => null, cancellationToken)));
    }

    private async Task EnsureAsync<T>(IApiClient client, T wanted, Func<T, T?> correct, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        var type = T.ResourceType;
        var name = wanted.Metadata.Name!;
        var key = new StateKey(type.GroupResource, wanted.Metadata.Namespace ?? "", name);
        for (var attempt = 1; ; attempt++)
        {
            ApiResult<T> written;
            if (await engine.GetAsync(key, cancellationToken) is null)
            {
                written = await client.CreateAsync(wanted, cancellationToken);
            }
            else
            {
                var stored = await client.GetAsync<T>(wanted.Metadata.Namespace, name, cancellationToken);
                if (!stored.Succeeded || correct(stored.Value) is not { } corrected)
                {
                    return;
                }

                written = await client.UpdateAsync(corrected, cancellationToken);
            }

            // Another server starts at the same time: look at what it wrote.
            if (written.Error is { Reason: ApiErrorReason.AlreadyExists or ApiErrorReason.Conflict } && attempt < ApiLimits.WriteAttempts)
            {
                continue;
            }

            if (written.Succeeded)
            {
                logger.BootstrapWritten(type.Kind, name);
            }
            else
            {
                logger.BootstrapRefused(type.Kind, name, written.Error.Message);
            }

            return;
        }
    }

    private static ClusterRole? Widen(ClusterRole stored, ClusterRole wanted)
    {
        if (MayNot(stored.Metadata))
        {
            return null;
        }

        var missing = Rules.Uncovered([.. stored.Rules ?? []], wanted.Rules ?? []);
        return missing.Count == 0 ? null : stored with { Rules = [.. stored.Rules ?? [], .. missing] };
    }

    private static ClusterRoleBinding? Widen(ClusterRoleBinding stored, ClusterRoleBinding wanted)
    {
        if (MayNot(stored.Metadata))
        {
            return null;
        }

        var missing = wanted.Subjects!.Where(subject => stored.Subjects?.Any(held => held.Kind == subject.Kind && held.Name == subject.Name) != true).ToList();
        return missing.Count == 0 ? null : stored with { Subjects = [.. stored.Subjects ?? [], .. missing] };
    }

    private static bool MayNot(ObjectMeta metadata) => metadata.Annotations?.GetValueOrDefault(BootstrapPolicy.AutoUpdate) == "false";

    private Service Kubernetes() => new()
    {
        Metadata = new ObjectMeta
        {
            Name = "kubernetes", Namespace = "default", Labels = new Dictionary<string, string> { ["component"] = "apiserver", ["provider"] = "kubernetes" },
        },
        Spec = new ServiceSpec
        {
            Type = "ClusterIP",
            ClusterIP = options.KubernetesAddress,
            Ports = [new ServicePort { Name = "https", Port = 443, Protocol = "TCP", TargetPort = options.Port }],
        },
    };

    private static IEnumerable<PriorityClass> PriorityClasses() => PriorityClassKind.System.Select(known => new PriorityClass
    {
        Metadata = new ObjectMeta { Name = known.Key }, Value = known.Value.Value, Description = known.Value.Description,
    });

    private Service Dns() => new()
    {
        Metadata = new ObjectMeta
        {
            Name = "kube-dns",
            Namespace = "kube-system",
            Labels = new Dictionary<string, string> { ["k8s-app"] = "kube-dns", ["kubernetes.io/cluster-service"] = "true", ["kubernetes.io/name"] = "KubeDNS" },
        },
        Spec = new ServiceSpec
        {
            Type = "ClusterIP",
            ClusterIP = options.DnsAddress,
            Ports =
            [
                new ServicePort { Name = "dns", Port = 53, Protocol = "UDP", TargetPort = 53 },
                new ServicePort { Name = "dns-tcp", Port = 53, Protocol = "TCP", TargetPort = 53 },
            ],
        },
    };

    private ServiceCIDR ServiceRange() => new()
    {
        Metadata = new ObjectMeta { Name = ServiceCIDRKind.DefaultName },
        Spec = new ServiceCIDRSpec { Cidrs = [options.ServiceRange.ToString()] },
    };
}
