namespace KubeAspire.ApiMachinery.Patching.Apply;

/// <summary>Who wrote by anything but apply.</summary>
/// <param name="Manager">The field manager: the <c>fieldManager</c> parameter, or the head of the User-Agent.</param>
/// <param name="ApiVersion">The version in which the object was written, such as <c>apps/v1</c>.</param>
/// <param name="Now">The time to note.</param>
public sealed record UpdateRequest(string Manager, string ApiVersion, DateTimeOffset Now)
{
    /// <summary>The operation noted.</summary>
    public string Operation { get; init; } = ManagedEntries.Update;

    /// <summary>The subresource written, or empty.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Fields that the resource resets on this path (status on the main one, all else on /status): never owned. Null for none.</summary>
    public FieldSet? Ignored { get; init; }
}
