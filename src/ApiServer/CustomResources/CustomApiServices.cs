using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Resources.Apiregistration;

namespace KubeAspire.ApiServer.CustomResources;

/// <summary>An APIService for every group and version of custom resources, as <c>kubectl get apiservices</c> shows; it goes with the last kind.</summary>
/// <remarks>Upstream's crdregistration controller: the priorities are its own.</remarks>
internal static class CustomApiServices
{
    private const string AutoManaged = "kube-aggregator.kubernetes.io/automanaged";

    /// <summary>Makes the list say what is served.</summary>
    /// <returns>Why it could not; null where it could.</returns>
    public static async Task<ApiError?> WriteAsync(IApiClient client, IReadOnlySet<(string Group, string Version)> served, CancellationToken cancellationToken)
    {
        var listed = await client.ListAsync<APIService>(APIService.ResourceType, null, ListQuery.All, cancellationToken);
        if (!listed.Succeeded)
        {
            return listed.Error;
        }

        ApiError? problem = null;
        var names = served.ToDictionary(each => $"{each.Version}.{each.Group}");
        foreach (var gone in listed.Value.Items.Where(each => IsOurs(each) && !names.ContainsKey(each.Metadata.Name!)))
        {
            var options = new DeleteOptions { Preconditions = new Preconditions { Uid = gone.Metadata.Uid } };
            var refused = await client.DeleteAsync(APIService.ResourceType, null, gone.Metadata.Name!, options, cancellationToken);
            problem ??= refused is { Reason: not (ApiErrorReason.NotFound or ApiErrorReason.Conflict) } ? refused : null;
        }

        foreach (var (name, (group, version)) in names.Where(each => listed.Value.Items.All(found => found.Metadata.Name != each.Key)))
        {
            var made = await client.CreateAsync(
                new APIService
                {
                    Metadata = new ObjectMeta { Name = name, Labels = new Dictionary<string, string> { [AutoManaged] = "true" } },
                    Spec = new APIServiceSpec { Group = group, Version = version, GroupPriorityMinimum = 1000, VersionPriority = 100 },
                }, cancellationToken);
            problem ??= made.Error is { Reason: not ApiErrorReason.AlreadyExists } ? made.Error : null;
        }

        return problem;
    }

    private static bool IsOurs(APIService service) =>
        service.Spec.Service is null && service.Metadata.Labels is { } labels && labels.TryGetValue(AutoManaged, out var how) && how == "true";
}
