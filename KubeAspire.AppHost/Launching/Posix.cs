using System.Globalization;
using System.Runtime.InteropServices;

namespace KubeAspire.AppHost.Launching;

/// <summary>Signals and process identity, which the base library does not offer.</summary>
internal static partial class Posix
{
    public const int SigKill = 9;
    public const int SigTerm = 15;

    /// <summary>Sends a signal. False where there is no such process.</summary>
    public static bool Signal(int pid, int signal) => Kill(pid, signal) == 0;

    public static bool IsRoot => GetEffectiveUserId() == 0;

    /// <summary>When a process started, in clock ticks since boot; null where there is none. Together with the pid it names a process for good.</summary>
    public static long? StartTimeOf(int pid)
    {
        try
        {
            // The command in parentheses may hold spaces: fields are counted after the last one. Start time is field 22 of stat.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}
