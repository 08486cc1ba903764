using KubeAspire.ContainerRuntime;
using KubeAspire.ContainerRuntime.Pause;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Networking;
using KubeAspire.NodeAgent.Nodes;
using KubeAspire.Testing;
using KubeAspire.Testing.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Tests.Nodes;

public sealed class NodeMachineTests : IDisposable
{
    private readonly FakeContainerRuntime _runtime = new();
    private readonly NodeMachine _machine;

    public NodeMachineTests()
    {
        var network = new PodNetwork(_runtime, Options.Create(new NodeAgentOptions()), NullLogger<PodNetwork>.Instance);
        _machine = new NodeMachine(_runtime, network, new ManualClock(), NullLogger<NodeMachine>.Instance);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task WithoutTheApi_TheImageAndTheNetworkAreMade_Once()
    {
        Assert.Null(await _machine.CheckAsync(Token));
        Assert.Null(await _machine.CheckAsync(Token));

        Assert.NotNull(_machine.System);
        Assert.Equal([$"import {PauseProgram.Image}", "ensure-network kubeaspire"], _runtime.Calls.Where(call => call.StartsWith("import", StringComparison.Ordinal) || call.StartsWith("ensure", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task TwoAtATime_MakeItOnce()
    {
        var answers = await Task.WhenAll(_machine.CheckAsync(Token), _machine.CheckAsync(Token));

        Assert.All(answers, Assert.Null);
        Assert.Single(_runtime.Calls, "ensure-network kubeaspire");
    }

    [Theory]
    [InlineData("version", "container runtime is down: no")]
    [InlineData("import", "the sandbox image could not be made: no")]
    [InlineData("ensure-network", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:no")]
    public async Task WhatFails_IsSaid_AndTriedAgain(string call, string problem)
    {
        _runtime.FailNext(call, new RuntimeError(RuntimeErrorKind.Unavailable, "no"));

        Assert.Equal(problem, await _machine.CheckAsync(Token));
        Assert.Null(await _machine.CheckAsync(Token));
    }
}
