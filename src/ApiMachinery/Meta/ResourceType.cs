namespace KubeAspire.ApiMachinery.Meta;

/// <summary>The names by which one resource is known on the wire: <c>apps/v1</c> <c>Deployment</c>, <c>deployments</c>.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">API version, such as <c>v1</c>.</param>
/// <param name="Kind">Kind in PascalCase, as it stands in <c>kind:</c>.</param>
/// <param name="Plural">Plural in lower case, as it stands in a path.</param>
/// <param name="Namespaced">Whether objects live in a namespace; otherwise in the cluster as a whole.</param>
public sealed record ResourceType(string Group, string Version, string Kind, string Plural, bool Namespaced)
{
    /// <summary><c>v1</c> or <c>apps/v1</c>: the value of <c>apiVersion:</c>.</summary>
    public string ApiVersion { get; } = Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary><c>pods</c> or <c>deployments.apps</c>: the name upstream's messages and the store's collections use.</summary>
    public string GroupResource { get; } = Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>The path below which objects are found: <c>/api/v1</c> or <c>/apis/apps/v1</c>.</summary>
    public string RootPath { get; } = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";

    /// <summary>The path of a collection, or of one object of it, and of one of its subresources.</summary>
    public string PathOf(string? ns, string? name = null, string? subresource = null)
    {
        var path = Namespaced && !string.IsNullOrEmpty(ns) ? $"{RootPath}/namespaces/{Uri.EscapeDataString(ns)}/{Plural}" : $"{RootPath}/{Plural}";
        if (name is not null)
        {
            path += $"/{Uri.EscapeDataString(name)}";
        }

        return subresource is null ? path : $"{path}/{subresource}";
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ApiVersion} {Kind}";
}
