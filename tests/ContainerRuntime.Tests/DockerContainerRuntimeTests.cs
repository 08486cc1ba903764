using System.Runtime.InteropServices;
using KubeAspire.ContainerRuntime.Docker;
using KubeAspire.ContainerRuntime.Pause;
using KubeAspire.Testing.Runtime;

namespace KubeAspire.ContainerRuntime.Tests;

/// <summary>The contract, and Docker's own sides, against a real Engine. Skipped where none answers.</summary>
public sealed class DockerContainerRuntimeTests : ContainerRuntimeContract, IDisposable
{
    private readonly DockerContainerRuntime _runtime = new(DockerForTests.Endpoint, TimeProvider.System);

    protected override IContainerRuntime Runtime => _runtime;

    protected override string Image => DockerForTests.ShellImage;

    protected override string PauseImage => PauseProgram.Image;

    public void Dispose() => _runtime.Dispose();

    protected override async Task PrepareAsync()
    {
        var reason = await DockerForTests.WhyNotAsync(_runtime);
        Assert.SkipWhen(reason is not null, reason ?? "");
        Assert.Null(await PauseProgram.EnsureImageAsync(_runtime, RuntimeInformation.OSArchitecture, default));
    }

    protected override async Task EndAsync(string id, int code) =>
        Assert.Null((await _runtime.ExecAsync(id, new ExecSpec { Command = ["/bin/sh", "-c", $"echo {code} > /end.new; /bin/mv /end.new /end"], Timeout = TimeSpan.FromSeconds(10) }, default)).Error);

    [Fact]
    public async Task Pause_EndsAtOnce_WhenToldTo()
    {
        var sandbox = await StartSandboxAsync();
        Assert.Null(await _runtime.StopAsync(sandbox, TimeSpan.FromSeconds(30), default));
        var ended = await Inspect(sandbox);

        Assert.Equal(0, ended.ExitCode);
        Assert.True(ended.FinishedAt - ended.StartedAt < TimeSpan.FromSeconds(20), "the pause program waited for SIGKILL");
    }

    [Fact]
    public async Task Logs_AreSplitTailedAndTimed()
    {
        var sandbox = await StartSandboxAsync();
        var id = await CreateAsync(sandbox, "logs", spec => spec with { Command = ["/bin/sh", "-c", "echo one; /bin/sleep 0.1; echo two >&2; /bin/sleep 0.1; echo three"] });
        await _runtime.StartAsync(id, default);
        await _runtime.WaitAsync(id, default);

        Assert.Equal("one\nthree\n", await LogsAsync(id, new LogQuery { Stderr = false }));
        Assert.Equal("two\n", await LogsAsync(id, new LogQuery { Stdout = false }));
        Assert.Equal("three\n", await LogsAsync(id, new LogQuery { Tail = 1, Stderr = false }));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z one\n", await LogsAsync(id, new LogQuery { Timestamps = true, Follow = true }));
    }

    [Fact]
    public async Task Exec_GivesExitCodeAndOutput_AndIsBounded()
    {
        var sandbox = await StartSandboxAsync();
        var id = await CreateAsync(sandbox, "exec-docker");
        await _runtime.StartAsync(id, default);

        var ran = await _runtime.ExecAsync(id, new ExecSpec { Command = ["/bin/sh", "-c", "echo out; echo err >&2; exit 4"], Timeout = TimeSpan.FromSeconds(10) }, default);
        Assert.Equal(4, ran.Value!.ExitCode);
        Assert.Contains("out\n", ran.Value.Output, StringComparison.Ordinal);
        Assert.Contains("err\n", ran.Value.Output, StringComparison.Ordinal);

        var slow = await _runtime.ExecAsync(id, new ExecSpec { Command = ["/bin/sleep", "30"], Timeout = TimeSpan.FromMilliseconds(300) }, default);
        Assert.Equal(RuntimeErrorKind.Timeout, slow.Error!.Kind);

        var much = await _runtime.ExecAsync(id, new ExecSpec { Command = ["/bin/sh", "-c", "while true; do echo 0123456789; done | /bin/head -c 100000"], Timeout = TimeSpan.FromSeconds(10), OutputBytesMax = 1000 }, default);
        Assert.Equal(1000, much.Value!.Output.Length);
    }

    [Fact]
    public async Task CommandThatIsNotThere_FailsToStart_AndSaysWhy()
    {
        var sandbox = await StartSandboxAsync();
        var id = await CreateAsync(sandbox, "nocommand", spec => spec with { Command = ["/nonexistent"] });

        var error = await _runtime.StartAsync(id, default);
        Assert.NotNull(error);
        Assert.Contains("/nonexistent", error.Message, StringComparison.Ordinal);
        var info = await Inspect(id);
        Assert.Equal((ContainerState.Exited, true), (info.State, info.StartFailed));
    }

    [Fact]
    public async Task Network_IsMadeOnce_AndGivesTheAddressAskedFor()
    {
        var network = new NetworkSpec("kubeaspire-test-rt", "kubeaspiret1", "10.250.91.0/24", "10.250.91.1");
        try
        {
            Assert.Null(await _runtime.EnsureNetworkAsync(network, default));
            Assert.Null(await _runtime.EnsureNetworkAsync(network, default));
            Assert.Equal(RuntimeErrorKind.Conflict, (await _runtime.EnsureNetworkAsync(network with { Subnet = "10.250.92.0/24" }, default))!.Kind);

            var created = await _runtime.CreateSandboxAsync(
                new SandboxSpec { Name = "kubeaspire-test-rt-sandbox", Image = PauseImage, Hostname = "here", Network = network.Name, IPv4Address = "10.250.91.77" }, default);
            Assert.Null(created.Error);
            Assert.Null(await _runtime.StartAsync(created.Value!, default));
            Assert.Equal("10.250.91.77", (await Inspect(created.Value!)).Addresses[network.Name]);
        }
        finally
        {
            await _runtime.RemoveAsync("kubeaspire-test-rt-sandbox", default);
            Assert.Null(await _runtime.RemoveNetworkAsync(network.Name, default));
            Assert.Null(await _runtime.RemoveNetworkAsync(network.Name, default));
        }
    }

    [Fact]
    public async Task VersionInfoImagesAndStats_AreRead()
    {
        Assert.Equal("docker", (await _runtime.GetVersionAsync(default)).Value!.Name);
        Assert.True((await _runtime.GetInfoAsync(default)).Value!.Cpus > 0);
        Assert.Contains((await _runtime.ListImagesAsync(default)).Value!, image => image.Tags.Contains(PauseProgram.Image));
        var sandbox = await StartSandboxAsync();
        Assert.True((await _runtime.GetStatsAsync(sandbox, default)).Value!.MemoryBytes >= 0);
    }

    [Fact]
    public async Task EngineThatIsNotThere_IsUnavailable()
    {
        using var nobody = new DockerContainerRuntime("unix:///nonexistent/docker.sock", TimeProvider.System);
        Assert.Equal(RuntimeErrorKind.Unavailable, (await nobody.GetVersionAsync(default)).Error!.Kind);
    }
}
