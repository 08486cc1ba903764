using System.Text;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Variables;

/// <summary>Builds the variables of a container.</summary>
internal static class ContainerEnvironment
{
    /// <summary>The variables, in the order of upstream: envFrom, Services (those already set stay), then env in order, each able to use the earlier ones.</summary>
    /// <exception cref="ReferenceException">Something referred to, and not optional, is missing.</exception>
    public static async Task<Dictionary<string, string>> BuildAsync(
        Pod pod, Container container, IEnumerable<Service> services, FieldPaths.Surroundings around, IReferencedObjects objects, CancellationToken cancellationToken)
    {
        var ns = pod.Metadata.Namespace ?? "";
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var source in container.EnvFrom ?? [])
        {
            foreach (var (key, value) in await DataOfAsync(ns, source, objects, cancellationToken))
            {
                result[source.Prefix + key] = value;
            }
        }

        var serviceVariables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in ServiceVariables.Of(services, ns, pod.Spec.EnableServiceLinks ?? true))
        {
            serviceVariables[name] = value;
        }

        foreach (var variable in container.Env ?? [])
        {
            var known = new Layered(result, serviceVariables);
            var value = variable.ValueFrom is { } from
                ? await ValueOfAsync(pod, container, from, around, objects, cancellationToken)
                : Expansion.Expand(variable.Value ?? "", known.Flatten());
            if (value is not null)
            {
                result[variable.Name] = value;
            }
        }

        foreach (var (name, value) in serviceVariables)
        {
            result.TryAdd(name, value);
        }

        return result;
    }

    private static async Task<IEnumerable<KeyValuePair<string, string>>> DataOfAsync(string ns, EnvFromSource source, IReferencedObjects objects, CancellationToken cancellationToken)
    {
        if (source.ConfigMapRef is { } map)
        {
            var found = await objects.FindConfigMapAsync(ns, map.Name ?? "", cancellationToken);
            return found is null && map.Optional != true
                ? throw new ReferenceException($"configmap \"{map.Name}\" not found")
                : found?.Data ?? new Dictionary<string, string>();
        }

        if (source.SecretRef is { } secret)
        {
            var found = await objects.FindSecretAsync(ns, secret.Name ?? "", cancellationToken);
            return found is null && secret.Optional != true
                ? throw new ReferenceException($"secret \"{secret.Name}\" not found")
                : (found?.Data ?? new Dictionary<string, byte[]>()).Select(one => KeyValuePair.Create(one.Key, Encoding.UTF8.GetString(one.Value)));
        }

        return [];
    }

    // Null: optional and missing, so the variable is not set at all.
    private static async Task<string?> ValueOfAsync(
        Pod pod, Container container, EnvVarSource from, FieldPaths.Surroundings around, IReferencedObjects objects, CancellationToken cancellationToken)
    {
        var ns = pod.Metadata.Namespace ?? "";
        if (from.FieldRef is { } field)
        {
            return FieldPaths.ValueOf(pod, field.FieldPath, around);
        }

        if (from.ResourceFieldRef is { } resource)
        {
            return FieldPaths.ValueOf(pod, resource, container.Name, around);
        }

        if (from.ConfigMapKeyRef is { } mapKey)
        {
            var found = await objects.FindConfigMapAsync(ns, mapKey.Name ?? "", cancellationToken);
            if (found is null)
            {
                return mapKey.Optional == true ? null : throw new ReferenceException($"configmap \"{mapKey.Name}\" not found");
            }

            return found.Data is { } data && data.TryGetValue(mapKey.Key, out var value) ? value
                : mapKey.Optional == true ? null
                : throw new ReferenceException($"couldn't find key {mapKey.Key} in ConfigMap {ns}/{mapKey.Name}");
        }

        if (from.SecretKeyRef is { } secretKey)
        {
            var found = await objects.FindSecretAsync(ns, secretKey.Name ?? "", cancellationToken);
            if (found is null)
            {
                return secretKey.Optional == true ? null : throw new ReferenceException($"secret \"{secretKey.Name}\" not found");
            }

            return found.Data is { } data && data.TryGetValue(secretKey.Key, out var value) ? Encoding.UTF8.GetString(value)
                : secretKey.Optional == true ? null
                : throw new ReferenceException($"couldn't find key {secretKey.Key} in Secret {ns}/{secretKey.Name}");
        }

        throw new ReferenceException("this kind of valueFrom is not supported");
    }

    /// <summary>Variables so far, over those of Services.</summary>
    private sealed class Layered(Dictionary<string, string> own, Dictionary<string, string> services)
    {
        public Dictionary<string, string> Flatten()
        {
            var all = new Dictionary<string, string>(services, StringComparer.Ordinal);
            foreach (var (name, value) in own)
            {
                all[name] = value;
            }

            return all;
        }
    }
}
