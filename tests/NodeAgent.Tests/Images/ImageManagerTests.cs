using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Images;
using KubeAspire.NodeAgent.Tests.Pods;
using KubeAspire.NodeAgent.Tests.Variables;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;
using KubeAspire.Testing.Runtime;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.NodeAgent.Tests.Images;

public sealed class ImageManagerTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly FakeContainerRuntime _runtime = new();
    private readonly RecordedEvents _events = new();
    private readonly ImageManager _images;

    public ImageManagerTests() =>
        _images = new ImageManager(_runtime, new ContainerEnvironmentTests.Objects(), _events, _clock, NullLogger<ImageManager>.Instance);

    public void Dispose() => _images.Dispose();

    [Fact]
    public async Task LocalImage_SatisfiesIfNotPresent_WithoutAPull()
    {
        _runtime.AddImage("app:1");
        Assert.NotNull((await EnsureAsync("app:1", "IfNotPresent")).Image);
        Assert.DoesNotContain("pull app:1", _runtime.Calls);
        Assert.Equal(["Pulled"], Reasons());
    }

    [Fact]
    public async Task Never_SaysThatItIsNotThere()
    {
        var answer = await EnsureAsync("app:1", "Never");
        Assert.Equal(new("ErrImageNeverPull", "Container image \"app:1\" is not present with pull policy of Never"), answer.Refused);
        Assert.Equal(["ErrImageNeverPull", "Failed"], Reasons());
    }

    [Fact]
    public async Task FailedPull_BacksOffTenSecondsDoubling_AndRecovers()
    {
        _runtime.Pull = _ => new RuntimeError(RuntimeErrorKind.Internal, "no such host");
        Assert.Equal(("ErrImagePull", "failed to pull image \"app:1\": no such host"), Told(await EnsureAsync("app:1", "Always")));
        Assert.Equal(("ImagePullBackOff", "Back-off pulling image \"app:1\": ErrImagePull: failed to pull image \"app:1\": no such host"), Told(await EnsureAsync("app:1", "Always")));

        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("ErrImagePull", (await EnsureAsync("app:1", "Always")).Refused!.Reason);
        _clock.Advance(TimeSpan.FromSeconds(19));
        var held = await EnsureAsync("app:1", "Always");
        Assert.Equal("ImagePullBackOff", held.Refused!.Reason);
        Assert.Equal(_clock.GetUtcNow().AddSeconds(1), held.RetryAt);

        _clock.Advance(TimeSpan.FromSeconds(1));
        _runtime.Pull = _ => null;
        Assert.NotNull((await EnsureAsync("app:1", "Always")).Image);
    }

    [Fact]
    public async Task BadName_IsToldAsSuch() => Assert.Equal("InvalidImageName", (await EnsureAsync("UPPER/x:1", "Always")).Refused!.Reason);

    private static (string Reason, string? Message) Told(ImageAnswer answer) => (answer.Refused!.Reason, answer.Refused.Message);

    private Task<ImageAnswer> EnsureAsync(string image, string policy) =>
        _images.EnsureAsync(PodsOf.Pod(), new Container { Name = "c", Image = image, ImagePullPolicy = policy }, default);

    private IEnumerable<string> Reasons() => _events.All.Select(one => one.Reason);
}
