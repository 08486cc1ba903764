using System.Text.RegularExpressions;

namespace KubeAspire.NodeAgent.Images;

/// <summary>What can be told from an image's name. Grammar: the distribution project's reference package.</summary>
internal static partial class ImageNames
{
    /// <summary>Registry of names that give none.</summary>
    private const string DefaultRegistry = "docker.io";

    /// <summary>Whether a name is well formed.</summary>
    public static bool IsValid(string? image) => image is { Length: > 0 and <= 512 } && Reference().IsMatch(image);

    /// <summary>The policy of a container, as the API server defaults it.</summary>
    public static string PolicyOf(string image, string? policy) =>
        !string.IsNullOrEmpty(policy) ? policy : image.Contains('@') ? "IfNotPresent" : Tag(image) is null or "latest" ? "Always" : "IfNotPresent";

    /// <summary>The registry that a name points to.</summary>
    public static string RegistryOf(string image)
    {
        var slash = image.IndexOf('/');
        var first = slash < 0 ? "" : image[..slash];
        return first.Contains('.') || first.Contains(':') || first == "localhost" ? first : DefaultRegistry;
    }

    private static string? Tag(string image) => image.LastIndexOf(':') is var colon && colon > image.LastIndexOf('/') ? image[(colon + 1)..] : null;

    [GeneratedRegex(@"^(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$|^sha256:[0-9a-f]{64}$")]
    private static partial Regex Reference();
}
