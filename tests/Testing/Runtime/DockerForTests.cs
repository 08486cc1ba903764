using System.Formats.Tar;
using KubeAspire.ContainerRuntime;

namespace KubeAspire.Testing.Runtime;

/// <summary>A real Docker Engine for tests, with an image that has a shell: made of the machine's static busybox, because no registry is needed to be reachable.</summary>
public static class DockerForTests
{
    /// <summary>Where the Engine listens.</summary>
    public const string Endpoint = "unix:///var/run/docker.sock";

    /// <summary>An image with /bin/sh and the usual small programs.</summary>
    public const string ShellImage = "kubeaspire-test/busybox:1";

    private static readonly string[] s_programs = ["sh", "sleep", "cat", "echo", "true", "false", "mv", "head", "ls", "env", "kill", "id", "hostname", "httpd", "wget", "nc", "touch", "test", "date"];
    private static readonly string[] s_busyboxes = ["/bin/busybox", "/usr/bin/busybox"];
    private static readonly SemaphoreSlim s_once = new(1);

    /// <summary>Why tests cannot use Docker here; null when they can, with <see cref="ShellImage"/> ready.</summary>
    public static async Task<string?> WhyNotAsync(IContainerRuntime runtime)
    {
        if (!File.Exists("/var/run/docker.sock"))
        {
            return "no Docker Engine: /var/run/docker.sock is not there";
        }

        var version = await runtime.GetVersionAsync(CancellationToken.None);
        if (!version.Succeeded)
        {
            return $"no Docker Engine: {version.Error.Message}";
        }

        if (Array.Find(s_busyboxes, File.Exists) is not { } busybox)
        {
            return "no static busybox on this machine to make a test image of";
        }

        await s_once.WaitAsync();
        try
        {
            var found = await runtime.InspectImageAsync(ShellImage, CancellationToken.None);
            return found.Succeeded ? null : await ImportAsync(runtime, busybox);
        }
        finally
        {
            s_once.Release();
        }
    }

    private static async Task<string?> ImportAsync(IContainerRuntime runtime, string busybox)
    {
        using var tar = new MemoryStream();
        await using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "bin/busybox") { Mode = (UnixFileMode)0b111_101_101, DataStream = new MemoryStream(await File.ReadAllBytesAsync(busybox)) });
            foreach (var program in s_programs)
            {
                await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.SymbolicLink, $"bin/{program}") { LinkName = "busybox", Mode = (UnixFileMode)0b111_111_111 });
            }
        }

        tar.Position = 0;
        var imported = await runtime.ImportImageAsync(ShellImage, tar, [], CancellationToken.None);
        return imported.Error is { } error ? $"the test image could not be made: {error.Message}" : null;
    }
}
