using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>How a value of several shapes stands on the wire: a message with a field for each.</summary>
/// <param name="Schema">The field of the definition.</param>
/// <param name="Other">The field of the simpler shape.</param>
/// <param name="IsBoolean">Whether that is a boolean, which is there (and true) beside a definition, too.</param>
/// <param name="IsTexts">Whether that is a list of texts.</param>
/// <remarks>JSONSchemaPropsOrBool, JSONSchemaPropsOrArray and JSONSchemaPropsOrStringArray of apiextensions.</remarks>
internal sealed record SchemaUnion(int Schema, int Other, bool IsBoolean, bool IsTexts)
{
    private static readonly SchemaUnion s_bool = new(2, 1, true, false), s_array = new(1, 2, false, false), s_texts = new(1, 2, false, true);

    /// <summary>The shapes of a schema; null where it is no such value.</summary>
    public static SchemaUnion? Of(Schema schema) => schema.Format switch
    {
        "orbool" => s_bool,
        "orarray" => s_array,
        "orstringarray" => s_texts,
        _ => null,
    };
}
