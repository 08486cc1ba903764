using KubeAspire.NodeAgent.Images;

namespace KubeAspire.NodeAgent.Tests.Images;

public sealed class ImageNamesTests
{
    [Theory]
    [InlineData("nginx", true)]
    [InlineData("nginx:1.27", true)]
    [InlineData("localhost:5000/a/b_c:x", true)]
    [InlineData("registry.example.com/team/app@sha256:0123456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("UPPER/x:1", false)]
    [InlineData("Upper", false)]
    [InlineData("a b", false)]
    [InlineData("x:", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void IsValid_FollowsTheGrammar(string? name, bool valid) => Assert.Equal(valid, ImageNames.IsValid(name));

    [Theory]
    [InlineData("nginx", null, "Always")]
    [InlineData("nginx:latest", null, "Always")]
    [InlineData("nginx:1", null, "IfNotPresent")]
    [InlineData("localhost:5000/x", null, "Always")]
    [InlineData("nginx", "Never", "Never")]
    public void Policy_ComesFromTheTag(string name, string? policy, string expected) => Assert.Equal(expected, ImageNames.PolicyOf(name, policy));

    [Theory]
    [InlineData("nginx", "docker.io")]
    [InlineData("team/app", "docker.io")]
    [InlineData("localhost/app", "localhost")]
    [InlineData("r.example:5000/app:1", "r.example:5000")]
    public void Registry_IsTheFirstPartThatLooksLikeOne(string name, string expected) => Assert.Equal(expected, ImageNames.RegistryOf(name));
}
