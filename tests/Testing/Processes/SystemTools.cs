using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace KubeAspire.Testing.Processes;

/// <summary>Programs of the system that tests need: used where they are, installed where that is allowed.</summary>
public static class SystemTools
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);
    private static readonly ConcurrentDictionary<string, Lazy<Task<string?>>> s_tools = new(StringComparer.Ordinal);

    /// <summary>Why a program cannot be had; null when it is there. As root on Debian or Ubuntu its package is installed.</summary>
    /// <param name="program">The program; its package has the same name.</param>
    public static Task<string?> WhyNotAsync(string program) => s_tools.GetOrAdd(program, name => new Lazy<Task<string?>>(() => EnsureAsync(name))).Value;

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its exit code, and all that it wrote.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        process.StandardInput.Close();
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, string.Concat(texts).Trim());
    }

    private static bool IsThere(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static async Task<string?> EnsureAsync(string program)
    {
        if (IsThere(program))
        {
            return null;
        }

        if (!Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/apt-get"))
        {
            return $"{program} is not installed, and only root on Debian or Ubuntu may install it from here";
        }

        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await RunAsync("apt-get", ["update", "-qq"], patience.Token);
            var (exitCode, output) = await RunAsync("apt-get", ["install", "-y", "-qq", program], patience.Token);
            return exitCode == 0 && IsThere(program) ? null : $"{program} could not be installed: {output.Split('\n')[^1]}";
        }
        catch (Exception exception) when (exception is OperationCanceledException or Win32Exception)
        {
            return $"{program} could not be installed: {exception.Message}";
        }
    }
}
