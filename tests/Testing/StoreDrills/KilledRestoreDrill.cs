using System.Globalization;
using KubeAspire.StateStore;
using KubeAspire.StateStore.Backups;
using KubeAspire.Testing.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace KubeAspire.Testing.StoreDrills;

/// <summary>A restore is killed (SIGKILL) at its n-th system call that changes something lasting: the directory is then not there, or whole.</summary>
internal static class KilledRestoreDrill
{
    /// <summary>The system calls that change something lasting.</summary>
    public static readonly IReadOnlyList<string> Calls = ["mkdir", "rename", "fdatasync", "fsync", "fallocate", "pwrite64", "fchmod"];

    private const int Objects = 500;

    /// <summary>Restores a backup, killed at the n-th call of one kind.</summary>
    /// <param name="directory">An empty directory.</param>
    /// <param name="call">One of <see cref="Calls"/>.</param>
    /// <param name="n">From 1.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether it was killed; otherwise it has fewer such calls and ended by itself.</returns>
    public static async Task<bool> RunAsync(string directory, string call, int n, CancellationToken cancellationToken)
    {
        var file = Path.Combine(directory, "backup");
        var target = Path.Combine(directory, "restored");
        await using (var engine = SimulatedEngine.Open(new SimulatedDisk()))
        {
            for (var i = 0; i < Objects; i++)
            {
                await engine.CreateAsync(StateObjects.Pod($"p{i:d4}"), StateObjects.Value(new string('x', 600)), cancellationToken);
            }

            BackupFile[] keys = [new("pki/ca.key", new byte[] { 1 }), new("pki/sa.key", new byte[] { 2 })];
            await StateBackup.SaveAsync(file, stream => BackupWriter.WriteAsync(stream, engine.Copy(), keys, DateTimeOffset.UnixEpoch, cancellationToken), cancellationToken);
        }

        var when = n.ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["-f", "-qq", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={call}:signal=KILL:when={when}", StoreProcess.Executable, "--restore", file, "--directory", target];
        var (exitCode, output) = await SystemTools.RunAsync("strace", arguments, cancellationToken);
        if (Directory.Exists(target))
        {
            await VerifyAsync(target, $"restore killed at {call} {n}");
            return exitCode != 0;
        }

        Assert.True(exitCode != 0, $"restore killed at {call} {n}: nothing was restored, and it says that all is well: {output}");

        // The next one is not in the way of what this one left.
        StateBackup.Restore(file, target, "state");
        await VerifyAsync(target, $"restore after one killed at {call} {n}");
        return true;
    }

    private static async Task VerifyAsync(string target, string where)
    {
        Assert.True(File.Exists(Path.Combine(target, "pki/ca.key")) && File.Exists(Path.Combine(target, "pki/sa.key")), $"{where}: keys are missing");
        await using var engine = await EmbeddedStateEngine.OpenAsync(
            new StateStoreOptions { Directory = Path.Combine(target, "state") }, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        var page = await engine.ListAsync(new StateRange("pods"), 0, 0, null, CancellationToken.None);
        Assert.True(page.Entries.Count == Objects && page.Revision == Objects + 1 + StateBackup.RevisionJump, $"{where}: {page.Entries.Count} objects at revision {page.Revision}");
    }
}
