using KubeAspire.StateStore.Disks;
using KubeAspire.Testing;
using KubeAspire.Testing.Processes;

namespace KubeAspire.StateStore.Tests.Disks;

public sealed class DurableFileTests
{
    [Fact]
    public async Task Replace_LeavesTheNewFileAlone_ForItsOwner()
    {
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "ca.key");
        DurableFile.Replace(file, ".new", "old"u8);
        await File.WriteAllTextAsync(file + ".new", "what a crash left, open to everyone", CancellationToken.None);
        DurableFile.Replace(file, ".new", "new"u8);
        Assert.Equal("new", await File.ReadAllTextAsync(file, CancellationToken.None));
        Assert.Equal([file], Directory.GetFiles(directory.Path));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task Replace_SyncsTheFileBeforeItsRename_AndTheDirectoryAfterIt()
    {
        if (await SystemTools.WhyNotAsync("strace") is { } whyNot)
        {
            Assert.Skip(whyNot);
        }

        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "ca.key");
        var trace = Path.Combine(directory.Path, "trace");
        var (exitCode, output) = await SystemTools.RunAsync(
            "strace", ["-f", "-qq", "-o", trace, "-e", "trace=fdatasync,fsync,rename", StoreProcess.Executable, "--write", file], TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, output);
        var calls = (await File.ReadAllLinesAsync(trace, CancellationToken.None)).Select(line => line.Split(' ', 2)[1].TrimStart()).Select(call => call[..call.IndexOf('(', StringComparison.Ordinal)]);
        Assert.Equal(["fdatasync", "rename", "fsync"], calls);
    }
}
