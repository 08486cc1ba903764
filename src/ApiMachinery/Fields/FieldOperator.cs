namespace KubeAspire.ApiMachinery.Fields;

/// <summary>How a field is compared.</summary>
public enum FieldOperator
{
    /// <summary><c>=</c> or <c>==</c>.</summary>
    Equals,

    /// <summary><c>!=</c>.</summary>
    NotEquals,
}
