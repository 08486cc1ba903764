using System.Text;
using KubeAspire.ContainerRuntime;

namespace KubeAspire.ContainerRuntime.Tests;

/// <summary>What every container runtime behind the seam does. Inherited by a test class for each.</summary>
public abstract class ContainerRuntimeContract : IAsyncLifetime
{
    private static readonly string s_run = Guid.NewGuid().ToString("N")[..8];
    private readonly Dictionary<string, string> _labels = new() { ["kubeaspire.dev/test"] = Guid.NewGuid().ToString("N") };

    /// <summary>The runtime under test.</summary>
    protected abstract IContainerRuntime Runtime { get; }

    /// <summary>An image with a shell, or whatever passes for one.</summary>
    protected abstract string Image { get; }

    /// <summary>An image that waits.</summary>
    protected abstract string PauseImage { get; }

    /// <summary>Makes a running container end.</summary>
    protected abstract Task EndAsync(string id, int code);

    protected abstract Task PrepareAsync();

    private string Unique(string name) => $"contract-{s_run}-{name}-{_labels["kubeaspire.dev/test"][..6]}";

    public async ValueTask InitializeAsync() => await PrepareAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        var left = await Runtime.ListAsync(_labels, CancellationToken.None);
        foreach (var one in left.Value ?? [])
        {
            await Runtime.RemoveAsync(one.Id, CancellationToken.None);
        }
    }

    [Fact]
    public async Task Container_GoesThroughItsLife()
    {
        var sandbox = await StartSandboxAsync();
        var id = await CreateAsync(sandbox, "life");
        Assert.Equal(ContainerState.Created, (await Inspect(id)).State);

        Assert.Null(await Runtime.StartAsync(id, default));
        Assert.Null(await Runtime.StartAsync(id, default));
        var running = await Inspect(id);
        Assert.Equal(ContainerState.Running, running.State);
        Assert.NotNull(running.StartedAt);
        Assert.NotEqual(0, running.Pid);

        await EndAsync(id, 7);
        Assert.Null(await Runtime.WaitAsync(id, default));
        var ended = await Inspect(id);
        Assert.Equal((ContainerState.Exited, 7), (ended.State, ended.ExitCode));
        Assert.NotNull(ended.FinishedAt);

        Assert.Null(await Runtime.RemoveAsync(id, default));
        Assert.Equal(RuntimeErrorKind.NotFound, (await Runtime.InspectAsync(id, default)).Error!.Kind);
    }

    [Fact]
    public async Task NameThatIsTaken_IsAConflict_AndTheFirstStays()
    {
        var sandbox = await StartSandboxAsync();
        var id = await CreateAsync(sandbox, "twice");
        var again = await Runtime.CreateContainerAsync(Spec(sandbox, "twice"), default);

        Assert.Equal(RuntimeErrorKind.Conflict, again.Error!.Kind);
        Assert.Equal(id, (await Runtime.InspectAsync(Unique("twice"), default)).Value!.Id);
    }

    [Fact]
    public async Task List_FindsByAllLabels_DeadOrAlive()
    {
        var sandbox = await StartSandboxAsync();
        var id = await CreateAsync(sandbox, "listed");

        var found = (await Runtime.ListAsync(_labels, default)).Value!;
        Assert.Equal(new[] { id, sandbox }.Order(), found.Select(one => one.Id).Order());
        Assert.Empty((await Runtime.ListAsync(new Dictionary<string, string>(_labels) { ["x"] = "y" }, default)).Value!);
        Assert.Equal(_labels["kubeaspire.dev/test"], found[0].Labels["kubeaspire.dev/test"]);
    }

    [Fact]
    public async Task WhatIsNotThere_CanBeStoppedKilledAwaitedAndRemoved()
    {
        Assert.Null(await Runtime.StopAsync("contract-nobody", TimeSpan.FromSeconds(1), default));
        Assert.Null(await Runtime.KillAsync("contract-nobody", "SIGKILL", default));
        Assert.Null(await Runtime.WaitAsync("contract-nobody", default));
        Assert.Null(await Runtime.RemoveAsync("contract-nobody", default));
        Assert.Equal(RuntimeErrorKind.NotFound, (await Runtime.StartAsync("contract-nobody", default))!.Kind);
    }

    [Fact]
    public async Task Stop_EndsAContainer_AndOneThatEndedStaysAsItWas()
    {
        var sandbox = await StartSandboxAsync();
        Assert.Null(await Runtime.StopAsync(sandbox, TimeSpan.FromSeconds(5), default));
        var first = await Inspect(sandbox);
        Assert.Equal(ContainerState.Exited, first.State);

        Assert.Null(await Runtime.StopAsync(sandbox, TimeSpan.FromSeconds(5), default));
        Assert.Null(await Runtime.KillAsync(sandbox, "SIGKILL", default));
        Assert.Equal(first.FinishedAt, (await Inspect(sandbox)).FinishedAt);
    }

    [Fact]
    public async Task MissingImage_IsNotFound()
    {
        var sandbox = await StartSandboxAsync();
        var created = await Runtime.CreateContainerAsync(Spec(sandbox, "noimage") with { Image = "contract/nowhere:1" }, default);

        Assert.Equal(RuntimeErrorKind.NotFound, created.Error!.Kind);
        Assert.Equal(RuntimeErrorKind.NotFound, (await Runtime.InspectImageAsync("contract/nowhere:1", default)).Error!.Kind);
    }

    [Fact]
    public async Task Events_TellOfAnEnd()
    {
        var sandbox = await StartSandboxAsync();
        var id = await CreateAsync(sandbox, "events");
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var listening = Task.Run(async () =>
        {
            await foreach (var one in Runtime.WatchEventsAsync(_labels, connected.SetResult, stop.Token))
            {
                if (one.Action == "die" && one.ContainerId == id)
                {
                    return true;
                }
            }

            return false;
        });
        await connected.Task.WaitAsync(stop.Token);

        Assert.Null(await Runtime.StartAsync(id, default));
        await EndAsync(id, 0);
        Assert.True(await listening);
    }

    [Fact]
    public async Task Logs_OfNobody_Throw() =>
        Assert.Equal(RuntimeErrorKind.NotFound, (await Assert.ThrowsAsync<ContainerRuntimeException>(async () =>
        {
            await foreach (var _ in Runtime.ReadLogsAsync("contract-nobody", new LogQuery(), default))
            {
            }
        })).Error.Kind);

    [Fact]
    public async Task Exec_InWhatDoesNotRun_IsRefused()
    {
        var sandbox = await StartSandboxAsync();
        var id = await CreateAsync(sandbox, "exec");
        Assert.Equal(RuntimeErrorKind.Conflict, (await Runtime.ExecAsync(id, new ExecSpec { Command = ["/bin/true"] }, default)).Error!.Kind);
    }

    protected async Task<string> StartSandboxAsync()
    {
        var created = await Runtime.CreateSandboxAsync(new SandboxSpec { Name = Unique("sandbox"), Image = PauseImage, Labels = _labels }, default);
        Assert.Null(created.Error);
        Assert.Null(await Runtime.StartAsync(created.Value!, default));
        return created.Value!;
    }

    protected async Task<string> CreateAsync(string sandbox, string name, Func<ContainerSpec, ContainerSpec>? change = null)
    {
        var spec = Spec(sandbox, name);
        var created = await Runtime.CreateContainerAsync(change is null ? spec : change(spec), default);
        Assert.Null(created.Error);
        return created.Value!;
    }

    protected async Task<string> LogsAsync(string id, LogQuery query)
    {
        var text = new StringBuilder();
        await foreach (var chunk in Runtime.ReadLogsAsync(id, query, default))
        {
            text.Append(Encoding.UTF8.GetString(chunk.Bytes.Span));
        }

        return text.ToString();
    }

    protected async Task<ContainerInfo> Inspect(string id) => (await Runtime.InspectAsync(id, default)).Value!;

    // Ends when told by a file: a signal would not end a shell that is process 1.
    private ContainerSpec Spec(string sandbox, string name) => new()
    {
        Name = Unique(name),
        Image = Image,
        Sandbox = sandbox,
        Labels = _labels,
        Command = ["/bin/sh", "-c", "while [ ! -e /end ]; do /bin/sleep 0.02; done; exit $(/bin/cat /end)"],
    };
}
