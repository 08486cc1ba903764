using System.Globalization;
using System.Text;
using KubeAspire.Controllers.Common;
using KubeAspire.Resources.Core;

namespace KubeAspire.Controllers.Deployments;

/// <summary>A short, stable name for a pod template: the suffix of a ReplicaSet and the value of <c>pod-template-hash</c>.</summary>
internal static class PodTemplateHash
{
    /// <summary>The label that keeps a Deployment's ReplicaSets apart.</summary>
    public const string Label = "pod-template-hash";

    // No vowels and nothing that looks like another: apimachinery's rand alphabet.
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>The hash of a template; a collision count makes it another one.</summary>
    public static string Of(PodTemplateSpec template, int? collisionCount)
    {
        var hash = 2166136261u;
        foreach (var octet in Encoding.UTF8.GetBytes(Same.Text(template)))
        {
            hash = (hash ^ octet) * 16777619u;
        }

        if (collisionCount is { } collisions)
        {
            for (var shift = 0; shift < 32; shift += 8)
            {
                hash = (hash ^ (byte)(collisions >> shift)) * 16777619u;
            }
        }

        return SafeEncode(hash.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Whether two templates are the same but for the hash label.</summary>
    public static bool SameTemplate(PodTemplateSpec? left, PodTemplateSpec? right) =>
        left is not null && right is not null && Same.Text(Without(left)) == Same.Text(Without(right));

    private static string SafeEncode(string text) => string.Concat(text.Select(character => Alphabet[character % Alphabet.Length]));

    private static PodTemplateSpec Without(PodTemplateSpec template) => template.Metadata.Labels is { } labels && labels.ContainsKey(Label)
        ? template with { Metadata = template.Metadata with { Labels = labels.Where(pair => pair.Key != Label).ToDictionary() } } : template;
}
