namespace KubeAspire.ApiMachinery.Meta;

/// <summary>Makes names from <c>metadata.generateName</c>.</summary>
/// <remarks>k8s.io/apiserver pkg/storage/names: an alphabet without vowels, so that no word comes out.</remarks>
public sealed class NameGenerator(Random random)
{
    /// <summary>Characters of the random suffix. 5: 14 million names.</summary>
    public const int SuffixLength = 5;

    /// <summary>Characters of the base that are kept, so that a name stays a DNS label. 58.</summary>
    public const int MaximumBaseLength = Names.LabelLength - SuffixLength;

    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    private readonly Lock _gate = new();

    /// <summary>A name that begins with <paramref name="generateName"/>. Safe to call from any thread.</summary>
    public string Generate(string generateName)
    {
        var kept = generateName.Length > MaximumBaseLength ? generateName[..MaximumBaseLength] : generateName;
        return kept + Suffix();
    }

    /// <summary>A random suffix.</summary>
    public string Suffix()
    {
        lock (_gate)
        {
            return string.Create(SuffixLength, random, static (span, random) => random.GetItems<char>(Alphabet, span));
        }
    }
}
