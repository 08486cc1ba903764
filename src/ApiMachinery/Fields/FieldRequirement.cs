namespace KubeAspire.ApiMachinery.Fields;

/// <summary>One comparison of a field selector.</summary>
/// <param name="Field">Path such as <c>metadata.name</c>.</param>
/// <param name="Operator">How it is compared.</param>
/// <param name="Value">With what, unescaped.</param>
public sealed record FieldRequirement(string Field, FieldOperator Operator, string Value)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Field}{(Operator == FieldOperator.Equals ? "=" : "!=")}{Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal).Replace("=", "\\=", StringComparison.Ordinal)}";
}
