using System.Globalization;
using System.Text;

namespace KubeAspire.ApiServer.Tests.Coverage;

/// <summary>The part of docs/coverage.md that counts conformance tests.</summary>
internal static class ConformanceSection
{
    private const string Later = "v1.36 has no such resource";
    private const string Expressions = "needs CEL, which is not evaluated yet";

    // The release that is served.
    private const int ServedMinor = 36;

    // Why a test that needs no container cannot be covered yet, by what its name begins with.
    private static readonly (string Name, string Reason)[] s_putOff =
    [
        ("[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate", Expressions),
        ("[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow expressions", Expressions),
        ("[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against", Expressions),
    ];

    // The mark that the test of the document compares.
    private const string Covered = "yes";

    /// <summary>Writes it.</summary>
    /// <param name="text">The document.</param>
    /// <param name="published">Upstream's tests.</param>
    /// <param name="ours">Names of ours.</param>
    public static void Write(StringBuilder text, IReadOnlyList<ConformanceTest> published, IReadOnlySet<string> ours)
    {
        var alone = published.Where(test => test.Machine == "none").ToList();
        var coverable = alone.Where(test => Reason(test) is null).ToList();
        text.Append("\n## Conformance tests\n\nUpstream's conformance tests that ask the control plane alone, and need none of CEL, webhooks, aggregation and fairness, are to have a test of ours each, "
            + "with the same assertions and named by the same name (tests/Conformance). ");
        text.Append(CultureInfo.InvariantCulture, $"**{coverable.Count(test => ours.Contains(test.Name))} of {coverable.Count}** coverable ones are covered");
        text.Append(CultureInfo.InvariantCulture, $", of {alone.Count} that need no container.\n\n| conformance test | covered | since |\n| --- | --- | --- |\n");
        foreach (var test in alone.OrderBy(test => test.Name, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"| `{test.Name}` | {(ours.Contains(test.Name) ? $"{Covered} | {test.Release}" : $"| {test.Release}; {Reason(test) ?? "not written yet"}")} |\n");
        }

        var acted = published.Where(test => test.Machine != "none" && ours.Contains(test.Name)).OrderBy(test => test.Name, StringComparer.Ordinal).ToList();
        text.Append(CultureInfo.InvariantCulture, $"\nUpstream runs {published.Count - alone.Count} others on real nodes. What {acted.Count} of them ask of the control plane is covered too, with nodes that are acted (tests/Conformance/Harness/ActedNodes.cs); ");
        text.Append("what they ask of containers is the matter of tests/EndToEnd.\n\n| conformance test | covered | since |\n| --- | --- | --- |\n");
        foreach (var test in acted)
        {
            text.Append(CultureInfo.InvariantCulture, $"| `{test.Name}` | {Covered} | {test.Release} |\n");
        }
    }

    private static string? Reason(ConformanceTest test) => test.Minor > ServedMinor ? Later
        : s_putOff.FirstOrDefault(part => test.Name.StartsWith(part.Name, StringComparison.Ordinal)).Reason;
}
