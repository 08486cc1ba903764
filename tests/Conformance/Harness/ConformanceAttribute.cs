using System.Runtime.CompilerServices;

namespace KubeAspire.Conformance.Harness;

/// <summary>A test of ours with the assertions of one of Kubernetes' conformance tests, under that test's name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ConformanceAttribute : FactAttribute
{
    /// <summary>Names the test.</summary>
    /// <param name="codename">The conformance test's codename, without its closing tags.</param>
    /// <param name="file">Filled in.</param>
    /// <param name="line">Filled in.</param>
    public ConformanceAttribute(string codename, [CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        Codename = codename;
        DisplayName = codename;
    }

    /// <summary>The conformance test's codename, without its closing tags.</summary>
    public string Codename { get; }
}
