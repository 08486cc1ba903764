using System.Text;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.NodeAgent.Tests.Pods;
using KubeAspire.NodeAgent.Volumes;

namespace KubeAspire.NodeAgent.Tests.Volumes;

public sealed class AtomicWriterTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kubeaspire-volume-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Write_ShowsFilesThroughLinks_WithTheirModes()
    {
        Assert.True(Write(("a", "1", 0b100_000_000), ("dir/b", "2", 0b110_100_100)));

        Assert.Equal("1", File.ReadAllText(Path.Combine(_directory, "a")));
        Assert.Equal("2", File.ReadAllText(Path.Combine(_directory, "dir/b")));
        Assert.Equal("..data/a", new FileInfo(Path.Combine(_directory, "a")).LinkTarget);
        Assert.Equal("..data/dir", new FileInfo(Path.Combine(_directory, "dir")).LinkTarget);
        Assert.Equal((UnixFileMode)0b100_000_000, File.GetUnixFileMode(Path.Combine(_directory, "..data", "a")));
    }

    [Fact]
    public void Write_SwapsAllAtOnce_AndLeavesNothingOldBehind()
    {
        Write(("a", "1", 0b110_100_100), ("gone", "x", 0b110_100_100));
        var before = new FileInfo(Path.Combine(_directory, "..data")).LinkTarget!;
        Assert.True(Write(("a", "2", 0b110_100_100), ("new", "y", 0b110_100_100)));

        Assert.Equal("2", File.ReadAllText(Path.Combine(_directory, "a")));
        Assert.Equal(["a", "new"], Directory.EnumerateFileSystemEntries(_directory).Select(Path.GetFileName).Where(name => !name!.StartsWith("..", StringComparison.Ordinal)).Order());
        Assert.False(Directory.Exists(Path.Combine(_directory, before)));
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(_directory).Count(path => Path.GetFileName(path).StartsWith("..", StringComparison.Ordinal)));
    }

    [Fact]
    public void Write_DoesNothing_WhenNothingChanged()
    {
        Write(("a", "1", 0b110_100_100));
        var before = new FileInfo(Path.Combine(_directory, "..data")).LinkTarget;
        Assert.False(Write(("a", "1", 0b110_100_100)));
        Assert.Equal(before, new FileInfo(Path.Combine(_directory, "..data")).LinkTarget);
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("/absolute")]
    [InlineData("a/../b")]
    [InlineData("..data")]
    [InlineData("..hidden/x")]
    [InlineData("")]
    [InlineData("a//b")]
    public void PathThatLeadsOut_IsRefused(string path) => Assert.Throws<ReferenceException>(() => Write((path, "x", 0b110_100_100)));

    private bool Write(params (string Path, string Text, int Mode)[] files) =>
        AtomicWriter.Write(_directory, files.ToDictionary(file => file.Path, file => new VolumeFile(Encoding.UTF8.GetBytes(file.Text), (UnixFileMode)file.Mode)), PodsOf.Now);
}
