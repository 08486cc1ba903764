using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Tests.Graph;

/// <summary>What cannot be is refused in one sentence that says what to do.</summary>
public sealed class ClusterCheckTests : IDisposable
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("kubeaspire-check-");

    public void Dispose() => _state.Delete(recursive: true);

    [Theory]
    [InlineData(1, "", false, false, null)]
    [InlineData(1, "silo/state", false, false, null)]
    [InlineData(3, "", true, true, null)]
    [InlineData(3, "redis", true, true, null)]
    [InlineData(3, "silo/pki", true, true, null)]
    [InlineData(3, "", false, true, "Orleans")]
    [InlineData(3, "", true, false, "redis-server")]
    [InlineData(3, "silo/state", true, true, "KUBEASPIRE_SILOS=1")]
    [InlineData(1, "redis", true, true, "state of several silos")]
    public void TheObstacle_IsSaid(int silos, string there, bool hasOrleans, bool hasRedis, string? said)
    {
        _state.CreateSubdirectory(Path.Combine("run", there));
        _ = there.Length == 0 ? null : _state.CreateSubdirectory(there);

        var obstacle = ClusterCheck.ObstacleTo(Clusters.WithSilos(silos) with { StateDirectory = _state.FullName }, hasOrleans, hasRedis);

        if (said is null)
        {
            Assert.Null(obstacle);
            return;
        }

        Assert.NotNull(obstacle);
        Assert.Contains(said, obstacle, StringComparison.Ordinal);
        Assert.EndsWith(".", obstacle, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', obstacle);
    }

    [Fact]
    public void ARedisThatIsThere_NeedsNoServerOnThisMachine() =>
        Assert.Null(ClusterCheck.ObstacleTo(Clusters.WithSilos(3) with { Redis = "redis.test:6379" }, hasOrleans: true, hasRedis: false));

    [Fact]
    public void ThePassword_IsMadeOnce_AndIsItsOwnersAlone()
    {
        var folder = Path.Combine(_state.FullName, "redis");
        Assert.Equal("", RedisSetup.PasswordOf(folder));

        RedisSetup.Prepare(folder);
        var password = RedisSetup.PasswordOf(folder);
        RedisSetup.Prepare(folder);

        Assert.Equal(64, password.Length);
        Assert.Equal(password, RedisSetup.PasswordOf(folder));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "redis.conf")));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        }
    }
}
