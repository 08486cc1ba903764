using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Testing.Api;

/// <summary>A write that the fake accepted and that changed something.</summary>
/// <param name="Verb">create, update, patch, delete.</param>
/// <param name="Resource">Such as <c>pods</c>, or <c>pods/status</c>.</param>
/// <param name="Key">The object.</param>
public sealed record FakeAction(string Verb, string Resource, ObjectKey Key)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Verb} {Resource} {Key}";
}
