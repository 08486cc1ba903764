using System.Diagnostics;
using System.Text;

namespace KubeAspire.Conformance.Harness;

/// <summary>Programs of others that the tests drive: those on the PATH, and those that build/kubectl.sh and build/clients.sh have fetched into artifacts.</summary>
public static class Programs
{
    // The machine's own kubectl stands in for the fetched one of its version.
    private static readonly Lazy<string> s_own = new(() => IsInstalled("kubectl") ? Start("kubectl", ["version", "--client"], "/", new Dictionary<string, string>()).StandardOutput.ReadToEnd() : "");

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    /// <summary>The repository's folder.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>A folder of fetched things.</summary>
    public static string Artifact(params string[] path) => Path.Combine([Repository, "artifacts", .. path]);

    /// <summary>Whether a program is on the PATH.</summary>
    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>The program of a version, or skips the test with the reason.</summary>
    /// <param name="program">kubectl or helm.</param>
    /// <param name="version">The kubectl it comes with, as <c>1.28</c>; empty for the machine's own.</param>
    public static string Require(string program, string version)
    {
        if (version.Length == 0)
        {
            Assert.SkipUnless(IsInstalled(program), $"{program} is not on the PATH");
            return program;
        }

        var path = Artifact("kubectl", version, program);
        if (!File.Exists(path) && program == "kubectl" && s_own.Value.Contains($"Client Version: v{version}.", StringComparison.Ordinal))
        {
            return program;
        }

        Assert.SkipUnless(File.Exists(path), $"{program} (that of kubectl {version}) is not at hand: build/kubectl.sh could not fetch it");
        return path;
    }

    /// <summary>Runs a program to its end; one that takes too long is killed, and its code is -1.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string program, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string> environment)
    {
        using var process = Start(program, arguments, folder, environment);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(s_patience);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, await output, await errors + $"\nkilled after {s_patience.TotalSeconds} s");
        }

        return (process.ExitCode, await output, await errors);
    }

    /// <summary>Starts a program; the caller ends it.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = folder, StandardOutputEncoding = Encoding.UTF8,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "KubeAspire.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
