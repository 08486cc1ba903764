using KubeAspire.NodeAgent.Variables;

namespace KubeAspire.NodeAgent.Tests.Variables;

public sealed class ExpansionTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$(A)", "1")]
    [InlineData("x$(A)y$(B)z", "x1y2z")]
    [InlineData("$$(A)", "$(A)")]
    [InlineData("$$$(A)", "$1")]
    [InlineData("$(MISSING)", "$(MISSING)")]
    [InlineData("$(A", "$(A")]
    [InlineData("$A $ end$", "$A $ end$")]
    [InlineData("$()", "$()")]
    [InlineData("$(NESTED)", "$(A)")]
    public void Expand_ReplacesKnownNames(string text, string expected) =>
        Assert.Equal(expected, Expansion.Expand(text, new Dictionary<string, string> { ["A"] = "1", ["B"] = "2", ["NESTED"] = "$(A)" }));
}
