using System.Runtime.InteropServices;

namespace KubeAspire.Testing.Processes;

/// <summary>Signals that the base library does not send.</summary>
public static partial class ProcessSignals
{
    private const int SigStop = 19;
    private const int SigContinue = 18;

    /// <summary>Stops a process where it stands: SIGSTOP.</summary>
    public static void Pause(int processId) => Send(processId, SigStop);

    /// <summary>Lets a stopped process go on: SIGCONT.</summary>
    public static void Resume(int processId) => Send(processId, SigContinue);

    /// <summary>Whether every thread of a process is stopped.</summary>
    public static bool IsPaused(int processId) => Directory.EnumerateDirectories($"/proc/{processId}/task").All(thread =>
    {
        // The command in parentheses may hold anything; the state follows it.
        var stat = File.ReadAllText(Path.Combine(thread, "stat"));
        return stat[stat.LastIndexOf(')') + 2] == 'T';
    });

    private static void Send(int processId, int signal)
    {
        if (Kill(processId, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} to process {processId}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
