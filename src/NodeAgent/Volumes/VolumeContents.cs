using System.Text;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Volumes;

/// <summary>Works out which files a volume made of objects has.</summary>
internal sealed class VolumeContents(IReferencedObjects objects, IServiceAccountTokens tokens)
{
    /// <summary>Permissions where the volume says none: 0644.</summary>
    private const int DefaultMode = 0b110_100_100;

    /// <summary>The files; null for a volume that is not made of objects.</summary>
    /// <exception cref="ReferenceException">Something that is not optional is missing.</exception>
    public async Task<Dictionary<string, VolumeFile>?> BuildAsync(Pod pod, Volume volume, FieldPaths.Surroundings around, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, VolumeFile>(StringComparer.Ordinal);
        if (volume.ConfigMap is { } map)
        {
            await AddConfigMapAsync(files, pod, map.Name, map.Items, map.Optional, map.DefaultMode ?? DefaultMode, cancellationToken);
        }
        else if (volume.Secret is { } secret)
        {
            await AddSecretAsync(files, pod, secret.SecretName, secret.Items, secret.Optional, secret.DefaultMode ?? DefaultMode, cancellationToken);
        }
        else if (volume.DownwardAPI is { } downward)
        {
            AddDownward(files, pod, downward.Items, downward.DefaultMode ?? DefaultMode, around);
        }
        else if (volume.Projected is { } projected)
        {
            foreach (var source in projected.Sources ?? [])
            {
                await AddProjectionAsync(files, pod, source, projected.DefaultMode ?? DefaultMode, around, cancellationToken);
            }
        }
        else
        {
            return null;
        }

        return files;
    }

    private async Task AddProjectionAsync(
        Dictionary<string, VolumeFile> files, Pod pod, VolumeProjection source, int mode, FieldPaths.Surroundings around, CancellationToken cancellationToken)
    {
        if (source.ConfigMap is { } map)
        {
            await AddConfigMapAsync(files, pod, map.Name, map.Items, map.Optional, mode, cancellationToken);
        }
        else if (source.Secret is { } secret)
        {
            await AddSecretAsync(files, pod, secret.Name, secret.Items, secret.Optional, mode, cancellationToken);
        }
        else if (source.DownwardAPI is { } downward)
        {
            AddDownward(files, pod, downward.Items, mode, around);
        }
        else if (source.ServiceAccountToken is { } token)
        {
            var text = await tokens.GetAsync(pod, token.Audience, token.ExpirationSeconds, cancellationToken);
            files[token.Path] = new VolumeFile(Encoding.UTF8.GetBytes(text), TokenMode(pod, mode));
        }
        else
        {
            throw new ReferenceException("this kind of projected volume source is not supported");
        }
    }

    // Programs that do not run as root must be able to read their token; with fsGroup the group does.
    private static UnixFileMode TokenMode(Pod pod, int mode)
    {
        var user = pod.Spec.SecurityContext?.RunAsUser ?? pod.Spec.Containers[0].SecurityContext?.RunAsUser;
        return pod.Spec.SecurityContext?.FsGroup is not null ? (UnixFileMode)((mode & 0b111_000_000) | 0b000_100_000)
            : user is null or 0 ? (UnixFileMode)mode
            : (UnixFileMode)(mode | 0b000_000_100);
    }

    private async Task AddConfigMapAsync(
        Dictionary<string, VolumeFile> files, Pod pod, string? name, IReadOnlyList<KeyToPath>? items, bool? optional, int mode, CancellationToken cancellationToken)
    {
        var found = await objects.FindConfigMapAsync(pod.Metadata.Namespace ?? "", name ?? "", cancellationToken);
        if (found is null && optional != true)
        {
            throw new ReferenceException($"configmap \"{name}\" not found");
        }

        var data = new Dictionary<string, byte[]>(found?.BinaryData ?? new Dictionary<string, byte[]>());
        foreach (var (key, value) in found?.Data ?? new Dictionary<string, string>())
        {
            data[key] = Encoding.UTF8.GetBytes(value);
        }

        Add(files, data, items, optional == true, mode, $"configmap references non-existent config key");
    }

    private async Task AddSecretAsync(
        Dictionary<string, VolumeFile> files, Pod pod, string? name, IReadOnlyList<KeyToPath>? items, bool? optional, int mode, CancellationToken cancellationToken)
    {
        var found = await objects.FindSecretAsync(pod.Metadata.Namespace ?? "", name ?? "", cancellationToken);
        if (found is null && optional != true)
        {
            throw new ReferenceException($"secret \"{name}\" not found");
        }

        Add(files, found?.Data ?? new Dictionary<string, byte[]>(), items, optional == true, mode, $"references non-existent secret key");
    }

    private static void Add(
        Dictionary<string, VolumeFile> files, IReadOnlyDictionary<string, byte[]> data, IReadOnlyList<KeyToPath>? items, bool optional, int mode, string missing)
    {
        if (items is not { Count: > 0 })
        {
            foreach (var (key, value) in data)
            {
                files[key] = new VolumeFile(value, (UnixFileMode)mode);
            }

            return;
        }

        foreach (var item in items)
        {
            if (data.TryGetValue(item.Key, out var value))
            {
                files[item.Path] = new VolumeFile(value, (UnixFileMode)(item.Mode ?? mode));
            }
            else if (!optional)
            {
                throw new ReferenceException($"{missing}: {item.Key}");
            }
        }
    }

    private static void AddDownward(Dictionary<string, VolumeFile> files, Pod pod, IReadOnlyList<DownwardAPIVolumeFile>? items, int mode, FieldPaths.Surroundings around)
    {
        foreach (var item in items ?? [])
        {
            var text = item.FieldRef is { } field ? FieldPaths.ValueOf(pod, field.FieldPath, around)
                : item.ResourceFieldRef is { } resource ? FieldPaths.ValueOf(pod, resource, null, around)
                : "";
            files[item.Path] = new VolumeFile(Encoding.UTF8.GetBytes(text), (UnixFileMode)(item.Mode ?? mode));
        }
    }
}
