using System.Globalization;

namespace KubeAspire.Bench;

/// <summary>Processor time that processes have used, all threads, user and system.</summary>
internal static class ProcessorTime
{
    // USER_HZ, the unit of /proc: 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    public static TimeSpan OfThisProcess() => System.Diagnostics.Process.GetCurrentProcess().TotalProcessorTime;

    /// <summary>Of another process; by steps of 10 ms.</summary>
    public static TimeSpan Of(int process)
    {
        // "1234 (name, which may have spaces) S 1 …": utime and stime are the fields 14 and 15.
        var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    /// <summary>Memory of a process that is resident, bytes.</summary>
    public static long ResidentOf(int process)
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status")).First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
