using Xunit;

namespace KubeAspire.Testing;

/// <summary>Counts that a run of the tests is to show at its end: crashes simulated, flips detected. <c>build/test.sh</c> prints them.</summary>
public static class Figures
{
    /// <summary>The environment variable that names the directory for them; without it they stay in the test's output.</summary>
    public const string Variable = "KUBEASPIRE_FIGURES";

    private static readonly Lock s_gate = new();

    /// <summary>Tells a figure: in the test's output, and at the end of the run.</summary>
    /// <param name="output">The test's output.</param>
    /// <param name="figure">One line, such as <c>4,870 crashes simulated</c>.</param>
    public static void Tell(this ITestOutputHelper output, string figure)
    {
        output.WriteLine(figure);
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } directory)
        {
            return;
        }

        lock (s_gate)
        {
            Directory.CreateDirectory(directory);
            File.AppendAllText(Path.Combine(directory, $"{Path.GetFileName(Environment.ProcessPath)}.txt"), figure + "\n");
        }
    }
}
