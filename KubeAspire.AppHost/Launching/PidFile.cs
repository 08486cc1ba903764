using System.Globalization;

namespace KubeAspire.AppHost.Launching;

/// <summary>Remembers a process that was started, so that a later command can end it, and no other that was given its number since.</summary>
internal static class PidFile
{
    public static void Write(string path, int pid)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"{pid} {Posix.StartTimeOf(pid)}");
    }

    /// <summary>The process, where it still runs; otherwise null.</summary>
    public static int? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var parts = File.ReadAllText(path).Split(' ');
        return parts.Length == 2 && int.TryParse(parts[0], out var pid) && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var started)
            && Posix.StartTimeOf(pid) == started ? pid : null;
    }

    /// <summary>Ends the process by SIGTERM, after a while by SIGKILL, and forgets it.</summary>
    public static async Task EndAsync(string path, TimeSpan patience, TimeProvider clock)
    {
        if (Read(path) is { } pid)
        {
            Posix.Signal(pid, Posix.SigTerm);
            var deadline = clock.GetUtcNow() + patience;
            while (Read(path) is not null)
            {
                if (clock.GetUtcNow() > deadline)
                {
                    Posix.Signal(pid, Posix.SigKill);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20), clock, CancellationToken.None);
            }
        }

        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }
}
