using System.Diagnostics;
using System.Runtime.InteropServices;
using KubeAspire.ContainerRuntime.Pause;

namespace KubeAspire.ContainerRuntime.Tests;

public sealed class PauseProgramTests
{
    [Theory]
    [InlineData(Architecture.X64, 62)]
    [InlineData(Architecture.Arm64, 183)]
    public void Build_IsASmallExecutableForTheProcessor(Architecture architecture, int machine)
    {
        var elf = PauseProgram.Build(architecture);

        Assert.True(elf.Length < 512, $"{elf.Length} bytes");
        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1], elf[..6]);
        Assert.Equal(machine, BitConverter.ToUInt16(elf, 18));
        Assert.Equal(0, (elf.Length - 120) % (architecture == Architecture.Arm64 ? 4 : 1));
    }

    [Fact]
    public void Build_IsTheSameEachTime() => Assert.Equal(PauseProgram.Build(Architecture.X64), PauseProgram.Build(Architecture.X64));

    [Fact]
    public void OtherProcessors_AreRefused() => Assert.Throws<PlatformNotSupportedException>(() => PauseProgram.Build(Architecture.S390x));

    [Fact]
    public async Task Program_WaitsUntilSigterm_ThenExitsWithZero()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture is Architecture.X64 or Architecture.Arm64, "needs Linux on x64 or arm64");
        var path = Path.Combine(Path.GetTempPath(), $"pause-{Guid.NewGuid():N}");
        await File.WriteAllBytesAsync(path, PauseProgram.Build(RuntimeInformation.OSArchitecture));
#pragma warning disable CA1416 // Linux is asked for above.
        File.SetUnixFileMode(path, (UnixFileMode)0b111_101_101);
#pragma warning restore CA1416
        try
        {
            using var process = Process.Start(path);
            Assert.False(process.HasExited);
            using var kill = Process.Start("/bin/kill", ["-TERM", process.Id.ToString()]);
            await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(10)).Token);
            Assert.True(process.ExitCode is 0 or 143, $"exit code {process.ExitCode}"); // 143 where the signal won the race with the first instruction.
        }
        finally
        {
            File.Delete(path);
        }
    }
}
