using KubeAspire.NodeAgent.Streaming;
using KubeAspire.NodeAgent.Tests.Pods;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace KubeAspire.NodeAgent.Tests.Streaming;

public sealed class ContainerLogsTests
{
    [Fact]
    public void Options_AreRead()
    {
        var asked = Parse("?follow=true&previous=1&timestamps=true&tailLines=5&limitBytes=10&sinceSeconds=30")!;
        Assert.Equal((true, true, 5L), (asked.Query.Follow, asked.Query.Timestamps, asked.Query.Tail));
        Assert.Equal((true, 10L, PodsOf.Now.AddSeconds(-30)), (asked.Previous, asked.LimitBytes, asked.Query.Since));
    }

    [Fact]
    public void Nothing_IsEverything()
    {
        var asked = Parse("")!;
        Assert.Equal((false, false, null, null, null), (asked.Query.Follow, asked.Previous, asked.Query.Tail, asked.LimitBytes, asked.Query.Since));
        Assert.True(asked.Query is { Stdout: true, Stderr: true });
    }

    [Theory]
    [InlineData("?sinceTime=2029-12-31T23:00:00Z", -3600)]
    [InlineData("?sinceSeconds=60", -60)]
    public void Since_IsAnInstant(string query, int seconds) => Assert.Equal(PodsOf.Now.AddSeconds(seconds), Parse(query)!.Query.Since);

    [Theory]
    [InlineData("?follow=maybe")]
    [InlineData("?tailLines=-1")]
    [InlineData("?limitBytes=0")]
    [InlineData("?sinceSeconds=0")]
    [InlineData("?sinceTime=yesterday")]
    [InlineData("?tailLines=99999999999999999999")]
    public void Nonsense_IsRefused(string query) => Assert.Null(Parse(query));

    private static ContainerLogs.Asked? Parse(string query) => ContainerLogs.Parse(new QueryCollection(QueryHelpers.ParseQuery(query)), PodsOf.Now);
}
