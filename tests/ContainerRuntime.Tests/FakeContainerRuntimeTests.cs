using KubeAspire.Testing.Runtime;

namespace KubeAspire.ContainerRuntime.Tests;

/// <summary>The fake keeps the contract, or tests that trust it prove nothing.</summary>
public sealed class FakeContainerRuntimeTests : ContainerRuntimeContract
{
    private readonly FakeContainerRuntime _runtime = new();

    protected override IContainerRuntime Runtime => _runtime;

    protected override string Image => "shell:1";

    protected override string PauseImage => "pause:1";

    protected override Task PrepareAsync()
    {
        _runtime.AddImage(Image);
        _runtime.AddImage(PauseImage);
        return Task.CompletedTask;
    }

    protected override Task EndAsync(string id, int code)
    {
        _runtime.Exit(id, code);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task FailNext_FailsOnce_AndAfterwardsLeavesTheEffect()
    {
        var lost = new RuntimeError(RuntimeErrorKind.Unavailable, "answer lost");
        _runtime.FailNext("create", lost, afterwards: true);
        var spec = new SandboxSpec { Name = "s", Image = PauseImage };

        Assert.Equal(lost, (await _runtime.CreateSandboxAsync(spec, default)).Error);
        Assert.Equal(RuntimeErrorKind.Conflict, (await _runtime.CreateSandboxAsync(spec, default)).Error!.Kind);
    }
}
