using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Admission;

/// <summary>Gives a pod its account and, unless it opts out, the account's token, the cluster's CA and its namespace as a volume.</summary>
/// <remarks>Upstream's plugin ServiceAccount; the volume is the one it adds.</remarks>
public sealed class ServiceAccountAdmission(IStateEngine engine, NameGenerator names) : IAdmission
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string Prefix = "kube-api-access-";

    // An hour and a bit, so that a token asked for at once is recognizably one that is rotated.
    private const long TokenSeconds = 3607;

    /// <inheritdoc/>
    public string Name => "ServiceAccount";

    /// <inheritdoc/>
    public async ValueTask<ApiError?> MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Kind.Type != Pod.ResourceType || request.Verb != "create" || request.Value?["spec"] is not JsonObject spec)
        {
            return null;
        }

        var mirror = (request.Value["metadata"]?["annotations"] as JsonObject)?.ContainsKey("kubernetes.io/config.mirror") == true;
        if (mirror)
        {
            return null;
        }

        var name = spec.Text("serviceAccountName");
        if (name.Length == 0)
        {
            name = spec.Text("serviceAccount") is { Length: > 0 } old ? old : "default";
        }

        spec["serviceAccountName"] = name;
        spec["serviceAccount"] = name;
        var entry = await engine.GetAsync(new StateKey("serviceaccounts", request.Namespace, name), cancellationToken);
        if (entry is null)
        {
            return ApiErrors.Forbidden(
                request.Kind.Type, request.Name, $"error looking up service account {request.Namespace}/{name}: serviceaccount \"{name}\" not found");
        }

        var account = (ServiceAccount)entry.View<IKubernetesObject>(stored => KubernetesJson.Read<ServiceAccount>(stored.Json.Span));
        if (spec["imagePullSecrets"] is not JsonArray { Count: > 0 } && account.ImagePullSecrets is { Count: > 0 } secrets)
        {
            spec["imagePullSecrets"] = new JsonArray([.. secrets.Select(secret => new JsonObject { ["name"] = secret.Name })]);
        }

        var wanted = spec["automountServiceAccountToken"] is JsonValue said && said.TryGetValue(out bool automount)
            ? automount : account.AutomountServiceAccountToken ?? true;
        if (wanted)
        {
            Mount(spec);
        }

        return null;
    }

    private void Mount(JsonObject spec)
    {
        var volumes = spec["volumes"] as JsonArray;
        var existing = volumes?.OfType<JsonObject>().Select(volume => volume.Text("name")).FirstOrDefault(text => text.StartsWith(Prefix, StringComparison.Ordinal));
        var volumeName = existing ?? Prefix + names.Suffix();
        var used = false;
        foreach (var list in (string[])["initContainers", "containers"])
        {
            foreach (var container in (spec[list] as JsonArray ?? []).OfType<JsonObject>())
            {
                var mounts = container["volumeMounts"] as JsonArray;
                if (mounts?.OfType<JsonObject>().Any(mount => mount.Text("mountPath") == MountPath) == true)
                {
                    continue;
                }

                if (mounts is null)
                {
                    container["volumeMounts"] = mounts = [];
                }

                mounts.Add(new JsonObject { ["name"] = volumeName, ["readOnly"] = true, ["mountPath"] = MountPath });
                used = true;
            }
        }

        if (!used || existing is not null)
        {
            return;
        }

        if (volumes is null)
        {
            spec["volumes"] = volumes = [];
        }

        volumes.Add(Volume(volumeName));
    }

    private static JsonObject Volume(string name) => new()
    {
        ["name"] = name,
        ["projected"] = new JsonObject
        {
            ["sources"] = new JsonArray(
                new JsonObject { ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = TokenSeconds, ["path"] = "token" } },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt",
                        ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(new JsonObject
                        {
                            ["path"] = "namespace",
                            ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" },
                        }),
                    },
                }),
            ["defaultMode"] = 420,
        },
    };
}
