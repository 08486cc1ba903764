using System.Text;

namespace KubeAspire.KindGenerator;

/// <summary>From the API's names to C#'s.</summary>
internal static class Naming
{
    public const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    private static readonly Dictionary<string, string> s_scalars = new(StringComparer.Ordinal)
    {
        [Meta + "Time"] = "time",
        [Meta + "MicroTime"] = "microtime",
        [Meta + "FieldsV1"] = "fields",
        [Meta + "Patch"] = "any",
        ["io.k8s.apimachinery.pkg.api.resource.Quantity"] = "quantity",
        ["io.k8s.apimachinery.pkg.util.intstr.IntOrString"] = "intorstring",
        ["io.k8s.apimachinery.pkg.runtime.RawExtension"] = "raw",
        ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON"] = "json",
    };

    /// <summary>The scalar word of a definition that is no object, or null.</summary>
    public static string? Scalar(string definition) => s_scalars.GetValueOrDefault(definition);

    /// <summary>Folder below src and namespace of a definition.</summary>
    public static (string Folder, string Namespace) Home(string definition)
    {
        if (definition.StartsWith("io.k8s.apimachinery.", StringComparison.Ordinal))
        {
            return ("ApiMachinery/Meta", "KubeAspire.ApiMachinery.Meta");
        }

        // io.k8s.api.<group>.<version>.<Type>
        var parts = definition.Split('.');
        var (group, version) = (parts[^3], parts[^2]);
        var folder = Pascal(group) + (version == "v1" ? "" : Pascal(version));
        return ($"Resources/{folder}", $"KubeAspire.Resources.{folder}");
    }

    /// <summary>What a field's names in JSON and in protobuf share: <c>x-kubernetes-map-type</c> is <c>xKubernetesMapType</c> there.</summary>
    public static string Plain(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    public static string TypeName(string definition) => definition[(definition.LastIndexOf('.') + 1)..];

    public static string Pascal(string name)
    {
        var text = new StringBuilder(name.Length);
        var upper = true;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c))
            {
                upper = true;
                continue;
            }

            text.Append(upper ? char.ToUpperInvariant(c) : c);
            upper = false;
        }

        return text.ToString();
    }
}
