using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>A container's environment: names, and values from elsewhere.</summary>
internal static class EnvironmentValidation
{
    private const string OneAtATime = "may not have more than one field specified at a time";

    private static readonly string[] s_fields =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    private static readonly string[] s_resources =
    [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory",
    ];

    public static void Validate(FieldErrors errors, IReadOnlyList<EnvVar>? variables, IReadOnlyList<EnvFromSource>? sources, string path)
    {
        foreach (var (at, variable) in (variables ?? []).Index())
        {
            var here = $"{path}.env[{at}]";
            errors.RequireName($"{here}.name", variable.Name, Names.IsEnvVarName);
            if (variable.ValueFrom is { } source)
            {
                ValueFrom(errors, source, !string.IsNullOrEmpty(variable.Value), $"{here}.valueFrom");
            }
        }

        foreach (var (at, source) in (sources ?? []).Index())
        {
            From(errors, source, $"{path}.envFrom[{at}]");
        }
    }

    private static void ValueFrom(FieldErrors errors, EnvVarSource source, bool hasValue, string path)
    {
        var count = 0;
        if (source.FieldRef is { } field)
        {
            count++;
            Field(errors, field, s_fields, $"{path}.fieldRef");
        }

        if (source.ResourceFieldRef is { } resource)
        {
            count++;
            Resource(errors, resource, needsContainer: false, $"{path}.resourceFieldRef");
        }

        if (source.ConfigMapKeyRef is { } config)
        {
            count++;
            Key(errors, config.Name, config.Key, $"{path}.configMapKeyRef");
        }

        if (source.SecretKeyRef is { } secret)
        {
            count++;
            Key(errors, secret.Name, secret.Key, $"{path}.secretKeyRef");
        }

        if (source.FileKeyRef is { } file)
        {
            count++;
            errors.RequireName($"{path}.fileKeyRef.key", file.Key, Names.IsEnvVarName);
            errors.RequireName($"{path}.fileKeyRef.volumeName", file.VolumeName, Names.IsDnsLabel);
            errors.RequireName($"{path}.fileKeyRef.path", file.Path, _ => []);
            VolumeValidation.RelativePath(errors, $"{path}.fileKeyRef.path", file.Path);
        }

        if (count == 0)
        {
            errors.Invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
        }
        else if (hasValue)
        {
            errors.Invalid(path, "", "may not be specified when `value` is not empty");
        }
        else if (count > 1)
        {
            errors.Invalid(path, "", OneAtATime);
        }
    }

    private static void From(FieldErrors errors, EnvFromSource source, string path)
    {
        if (!string.IsNullOrEmpty(source.Prefix))
        {
            errors.Invalid($"{path}.prefix", source.Prefix, Names.IsEnvVarName(source.Prefix));
        }

        if (source.ConfigMapRef is { } config)
        {
            errors.RequireName($"{path}.configMapRef.name", config.Name, Names.IsDnsSubdomain);
        }

        if (source.SecretRef is { } secret)
        {
            errors.RequireName($"{path}.secretRef.name", secret.Name, Names.IsDnsSubdomain);
        }

        if (source is { ConfigMapRef: null, SecretRef: null })
        {
            errors.Invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
        }
        else if (source is { ConfigMapRef: not null, SecretRef: not null })
        {
            errors.Invalid(path, "", OneAtATime);
        }
    }

    /// <summary>A field of the pod, by an expression such as <c>metadata.labels['app']</c>.</summary>
    public static void Field(FieldErrors errors, ObjectFieldSelector field, string[] supported, string path)
    {
        if (string.IsNullOrEmpty(field.ApiVersion))
        {
            errors.Required($"{path}.apiVersion");
        }
        else if (string.IsNullOrEmpty(field.FieldPath))
        {
            errors.Required($"{path}.fieldPath");
        }
        else if (Subscript(field.FieldPath) is ({ } map, { } key))
        {
            if (map is not ("metadata.labels" or "metadata.annotations"))
            {
                errors.Invalid($"{path}.fieldPath", field.FieldPath, "does not support subscript");
            }
            else
            {
                errors.Invalid(path, key, Names.IsQualifiedName(map == "metadata.annotations" ? key.ToLowerInvariant() : key));
            }
        }
        else
        {
            errors.OneOf($"{path}.fieldPath", field.FieldPath, supported);
        }
    }

    public static void Resource(FieldErrors errors, ResourceFieldSelector resource, bool needsContainer, string path)
    {
        if (needsContainer && string.IsNullOrEmpty(resource.ContainerName))
        {
            errors.Required($"{path}.containerName");
        }
        else if (resource.Resource.Length == 0)
        {
            errors.Required($"{path}.resource");
        }
        else if (!resource.Resource.Contains(".hugepages-", StringComparison.Ordinal))
        {
            errors.OneOf($"{path}.resource", resource.Resource, s_resources);
        }
    }

    private static void Key(FieldErrors errors, string? name, string key, string path)
    {
        if (!string.IsNullOrEmpty(name))
        {
            errors.Invalid($"{path}.name", name, Names.IsDnsSubdomain(name));
        }

        errors.RequireName($"{path}.key", key, Names.IsConfigMapKey);
    }

    private static (string? Map, string? Key) Subscript(string path)
    {
        var open = path.IndexOf("['", StringComparison.Ordinal);
        return open >= 0 && path.EndsWith("']", StringComparison.Ordinal) ? (path[..open], path[(open + 2)..^2]) : (null, null);
    }
}
