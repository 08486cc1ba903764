using KubeAspire.ApiServer.Requests;
using Microsoft.Extensions.Primitives;

namespace KubeAspire.ApiServer.Tests.Requests;

public sealed class RequestQueryTests
{
    [Theory]
    [InlineData("true", true)]
    [InlineData("True", true)] // The Python client's.
    [InlineData("1", true)]
    [InlineData("", true)]
    [InlineData("maybe", true)]
    [InlineData("false", false)]
    [InlineData("False", false)]
    [InlineData("0", false)]
    public void Flag_IsWhatUpstreamMakesOfIt(string text, bool expected)
    {
        var query = new RequestQuery(new Dictionary<string, StringValues> { ["follow"] = text });
        Assert.Equal(expected, query.Flag("follow"));
        Assert.False(query.Flag("previous"));
    }
}
