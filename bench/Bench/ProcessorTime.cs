using System.Globalization;

namespace KubeAspire.Bench;

/// <summary>Processor time that processes have used, all threads, user and system.</summary>
internal static class ProcessorTime
{
    // USER_HZ, the unit of /proc: 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    public static TimeSpan OfThisProcess() => System.Diagnostics.Process.GetCurrentProcess().TotalProcessorTime;

    /// <summary>Of another process; by steps of 10 ms.</summary>
    public static TimeSpan Of(int process) => Field(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"), 11);

    /// <summary>Of this process' children that have ended, and theirs; by steps of 10 ms.</summary>
    public static TimeSpan OfEndedChildren() => Field("/proc/self/stat", 13);

    // "1234 (name, which may have spaces) S 1 …": utime and stime are the fields 14 and 15, those of ended children 16 and 17.
    private static TimeSpan Field(string file, int index)
    {
        var text = File.ReadAllText(file);
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[index], CultureInfo.InvariantCulture) + long.Parse(fields[index + 1], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    /// <summary>Memory of a process, bytes: its own, and its part of what it shares.</summary>
    public static long ProportionalOf(int process) => Kilobytes(process, "smaps_rollup", "Pss:");

    /// <summary>Memory of a process that is resident, bytes.</summary>
    public static long ResidentOf(int process) => Kilobytes(process, "status", "VmRSS:");

    private static long Kilobytes(int process, string file, string name)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/{file}")).First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
