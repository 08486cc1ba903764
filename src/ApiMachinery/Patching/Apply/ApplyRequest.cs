namespace KubeAspire.ApiMachinery.Patching.Apply;

/// <summary>Who applies, and how.</summary>
/// <param name="Manager">The field manager: the <c>fieldManager</c> parameter.</param>
/// <param name="ApiVersion">The version in which the object is applied, such as <c>apps/v1</c>.</param>
/// <param name="Now">The time to note.</param>
public sealed record ApplyRequest(string Manager, string ApiVersion, DateTimeOffset Now)
{
    /// <summary>Whether to take fields from other managers: the <c>force</c> parameter.</summary>
    public bool Force { get; init; }

    /// <summary>The subresource written, or empty.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Fields that the resource resets on this path (status on the main one, all else on /status): never owned. Null for none.</summary>
    public FieldSet? Ignored { get; init; }
}
