using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>A pod's volumes. The sources a node here can mount are checked in depth, the others only for being the only one.</summary>
internal static class VolumeValidation
{
    private const string ModeRange = "must be a number between 0 and 0777 (octal), both inclusive";
    private const int ModeMaximum = 0x1FF; // octal 0777

    private static readonly string[] s_fields = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

    private static readonly string[] s_hostPathTypes = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    /// <returns>The names of the volumes, for mounts to refer to.</returns>
    public static HashSet<string> Validate(FieldErrors errors, IReadOnlyList<Volume> volumes, string path)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, volume) in volumes.Index())
        {
            var here = $"{path}[{at}]";
            Source(errors, volume, here);
            errors.RequireName($"{here}.name", volume.Name, Names.IsDnsLabel);
            if (volume.Name.Length > 0 && !names.Add(volume.Name))
            {
                errors.Duplicate($"{here}.name", volume.Name);
            }
        }

        return names;
    }

    private static void Source(FieldErrors errors, Volume volume, string path)
    {
        var sources = (JsonComparison.Node(volume) as JsonObject ?? []).Where(member => member.Key != "name").Select(member => member.Key).ToList();
        if (sources.Count == 0)
        {
            errors.Required(path, "must specify a volume type");
        }

        foreach (var extra in sources.Skip(1))
        {
            errors.Forbidden($"{path}.{extra}", "may not specify more than 1 volume type");
        }

        switch (volume)
        {
            case { EmptyDir: { } empty }:
                if (empty.SizeLimit is { } limit && (!Quantity.TryParse(limit.ToString(), out var amount, out _) || amount.Sign < 0))
                {
                    errors.Forbidden($"{path}.emptyDir.sizeLimit", "SizeLimit field must be a valid resource quantity");
                }

                break;
            case { ConfigMap: { } config }:
                errors.RequireName($"{path}.configMap.name", config.Name, _ => []);
                Files(errors, config.DefaultMode, config.Items, $"{path}.configMap");
                break;
            case { Secret: { } secret }:
                errors.RequireName($"{path}.secret.secretName", secret.SecretName, _ => []);
                Files(errors, secret.DefaultMode, secret.Items, $"{path}.secret");
                break;
            case { HostPath: { } host }:
                errors.RequireName($"{path}.hostPath.path", host.Path, _ => []);
                NoBackSteps(errors, $"{path}.hostPath.path", host.Path);
                errors.OneOf($"{path}.hostPath.type", host.Type, s_hostPathTypes);
                break;
            case { DownwardAPI: { } downward }:
                Mode(errors, downward.DefaultMode, $"{path}.downwardAPI.defaultMode");
                Downward(errors, downward.Items, $"{path}.downwardAPI");
                break;
            case { Projected: { } projected }:
                Projected(errors, projected, $"{path}.projected");
                break;
            case { PersistentVolumeClaim: { } claim }:
                errors.RequireName($"{path}.persistentVolumeClaim.claimName", claim.ClaimName, _ => []);
                break;
            case { Nfs: { } nfs }:
                errors.RequireName($"{path}.nfs.server", nfs.Server, _ => []);
                errors.RequireName($"{path}.nfs.path", nfs.Path, _ => []);
                if (nfs.Path.Length > 0 && nfs.Path[0] != '/')
                {
                    errors.Invalid($"{path}.nfs.path", nfs.Path, "must be an absolute path");
                }

                break;
            case { Csi: { } csi }:
                errors.RequireName($"{path}.csi.driver", csi.Driver, _ => []);
                break;
            case { Image: { } image }:
                errors.RequireName($"{path}.image.reference", image.Reference, _ => []);
                errors.OneOf($"{path}.image.pullPolicy", image.PullPolicy, "Always", "IfNotPresent", "Never");
                break;
        }
    }

    private static void Projected(FieldErrors errors, ProjectedVolumeSource projected, string path)
    {
        Mode(errors, projected.DefaultMode, $"{path}.defaultMode");
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, source) in (projected.Sources ?? []).Index())
        {
            var here = $"{path}.sources[{at}]";
            if (source.Secret is { } secret)
            {
                errors.RequireName($"{here}.secret.name", secret.Name, _ => []);
                Items(errors, secret.Items, $"{here}.secret");
                Conflicts(errors, (secret.Items ?? []).Select(item => item.Path), paths, here);
            }

            if (source.ConfigMap is { } config)
            {
                errors.RequireName($"{here}.configMap.name", config.Name, _ => []);
                Items(errors, config.Items, $"{here}.configMap");
                Conflicts(errors, (config.Items ?? []).Select(item => item.Path), paths, here);
            }

            if (source.DownwardAPI is { } downward)
            {
                Downward(errors, downward.Items, $"{here}.downwardAPI");
                Conflicts(errors, (downward.Items ?? []).Select(item => item.Path), paths, here);
            }

            if (source.ServiceAccountToken is { } token)
            {
                const int ShortestSeconds = 600; // ten minutes
                if (token.ExpirationSeconds < ShortestSeconds)
                {
                    errors.Invalid($"{here}.serviceAccountToken.expirationSeconds", FieldErrors.Text(token.ExpirationSeconds.Value), "may not specify a duration less than 10 minutes");
                }

                if (token.ExpirationSeconds > 1L << 32)
                {
                    errors.Invalid($"{here}.serviceAccountToken.expirationSeconds", FieldErrors.Text(token.ExpirationSeconds.Value), "may not specify a duration larger than 2^32 seconds");
                }

                errors.RequireName($"{here}.serviceAccountToken.path", token.Path, _ => []);
                RelativePath(errors, $"{here}.serviceAccountToken.path", token.Path);
                Conflicts(errors, [token.Path], paths, here);
            }

            if (source is { Secret: null, ConfigMap: null, DownwardAPI: null, ServiceAccountToken: null, ClusterTrustBundle: null, PodCertificate: null })
            {
                errors.Required(here, "must specify a volume type");
            }
        }
    }

    private static void Conflicts(FieldErrors errors, IEnumerable<string> added, HashSet<string> paths, string path)
    {
        foreach (var file in added.Where(file => file.Length > 0 && !paths.Add(file)))
        {
            errors.Invalid(path, file, "conflicting duplicate paths");
        }
    }

    private static void Files(FieldErrors errors, int? mode, IReadOnlyList<KeyToPath>? items, string path)
    {
        Mode(errors, mode, $"{path}.defaultMode");
        Items(errors, items, path);
    }

    private static void Items(FieldErrors errors, IReadOnlyList<KeyToPath>? items, string path)
    {
        foreach (var (at, item) in (items ?? []).Index())
        {
            var here = $"{path}.items[{at}]";
            errors.RequireName($"{here}.key", item.Key, _ => []);
            errors.RequireName($"{here}.path", item.Path, _ => []);
            RelativePath(errors, $"{here}.path", item.Path);
            Mode(errors, item.Mode, $"{here}.mode");
        }
    }

    private static void Downward(FieldErrors errors, IReadOnlyList<DownwardAPIVolumeFile>? files, string path)
    {
        foreach (var (at, file) in (files ?? []).Index())
        {
            var here = $"{path}.items[{at}]";
            errors.RequireName($"{here}.path", file.Path, _ => []);
            RelativePath(errors, $"{here}.path", file.Path);
            switch (file)
            {
                case { FieldRef: not null, ResourceFieldRef: not null }:
                    errors.Invalid(here, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
                    break;
                case { FieldRef: { } field }:
                    EnvironmentValidation.Field(errors, field, s_fields, $"{here}.fieldRef");
                    break;
                case { ResourceFieldRef: { } resource }:
                    EnvironmentValidation.Resource(errors, resource, needsContainer: true, $"{here}.resourceFieldRef");
                    break;
                default:
                    errors.Required(here, "one of fieldRef and resourceFieldRef is required");
                    break;
            }

            Mode(errors, file.Mode, $"{here}.mode");
        }
    }

    private static void Mode(FieldErrors errors, int? mode, string path)
    {
        if (mode is < 0 or > ModeMaximum)
        {
            errors.Invalid(path, FieldErrors.Text(mode.Value), ModeRange);
        }
    }

    /// <summary>A path that stays below where it starts.</summary>
    public static void RelativePath(FieldErrors errors, string path, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            return;
        }

        if (value[0] == '/')
        {
            errors.Invalid(path, value, "must be a relative path");
        }

        NoBackSteps(errors, path, value);
    }

    private static void NoBackSteps(FieldErrors errors, string path, string value)
    {
        if (value.Split('/').Contains(".."))
        {
            errors.Invalid(path, value, "must not contain '..'");
        }
    }
}
