namespace KubeAspire.ApiMachinery.Labels;

/// <summary>How a label is compared.</summary>
public enum SelectorOperator
{
    /// <summary>The label's value is one of the values; <c>=</c> and <c>==</c> are this with one value.</summary>
    In,

    /// <summary>The label is absent or its value is none of the values; <c>!=</c> is this with one value.</summary>
    NotIn,

    /// <summary>The label is present.</summary>
    Exists,

    /// <summary>The label is absent.</summary>
    DoesNotExist,

    /// <summary>The label's value is a whole number above the value.</summary>
    GreaterThan,

    /// <summary>The label's value is a whole number below the value.</summary>
    LessThan,
}
