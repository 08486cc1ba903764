using Xunit;

namespace KubeAspire.Testing.StorageContract;

/// <summary>Lists: selection, pages, continue tokens, what resourceVersion and resourceVersionMatch ask for, compaction.</summary>
public abstract class StorageListSuite<TApi>(TApi api) : StorageSuite<TApi>(api)
    where TApi : class, IApiOverEngine
{
    [Theory]
    [InlineData("", "a b c d e")]
    [InlineData("labelSelector=sel%3Dyes", "b d")]
    [InlineData("labelSelector=sel%3Dyes&limit=1", "b")]
    [InlineData("labelSelector=sel%3Dnone", "")]
    [InlineData("fieldSelector=metadata.name%3Dc", "c")]
    [InlineData("fieldSelector=metadata.name%3Dnone", "")]
    [InlineData("fieldSelector=metadata.name%3Dc&labelSelector=sel%3Dyes", "")]
    [InlineData("limit=2", "a b")]
    [InlineData("limit=5", "a b c d e")]
    public async Task AList_ShowsWhatIsSelected_InOrder(string query, string expected)
    {
        var path = await Filled();
        Assert.Equal(expected, string.Join(' ', Names(await List(path, query))));
    }

    [Fact]
    public async Task AListOfANamespace_ShowsNothingOfOthers_AndOneOfAll_ShowsBoth()
    {
        var (one, two) = (await NewCollection(), await NewCollection());
        await Create(one, "x", one.Split('/')[4]);
        await Create(two, "x", one.Split('/')[4]);
        Assert.Single(Names(await List(one)));
        Assert.Equal(2, Names(await List("/api/v1/configmaps", $"labelSelector=sel%3D{one.Split('/')[4]}")).Count);
    }

    [Fact]
    public async Task Pages_CountTheRest_AndShowOneMoment()
    {
        var path = await Filled();
        var first = await List(path, "limit=2");
        Assert.Equal("3", At(first, "metadata.remainingItemCount"));
        await Create(path, "bb");
        await Delete(path, "d");
        await SetData(path, "e", "changed");
        var second = await List(path, $"limit=2&continue={At(first, "metadata.continue")}");
        var third = await List(path, $"limit=2&continue={At(second, "metadata.continue")}");
        Assert.Equal(["a", "b", "c", "d", "e"], [.. Names(first), .. Names(second), .. Names(third)]);
        Assert.Equal("1", third["items"]![0]!["data"]!["value"]!.ToString());
        Assert.Equal([RevisionOf(first), RevisionOf(first)], [RevisionOf(second), RevisionOf(third)]);
        Assert.Equal(("", ""), (At(third, "metadata.continue"), At(third, "metadata.remainingItemCount")));
    }

    [Fact]
    public async Task PagesOfASelection_FillUp_HoweverRareItIs_AndDoNotCountTheRest()
    {
        var path = await NewCollection();
        for (var i = 0; i < 30; i++)
        {
            await Create(path, $"c{i:d2}", i is 7 or 29 ? "yes" : "no");
        }

        var first = await List(path, "labelSelector=sel%3Dyes&limit=1");
        var second = await List(path, $"labelSelector=sel%3Dyes&limit=1&continue={At(first, "metadata.continue")}");
        Assert.Equal(["c07", "c29"], [.. Names(first), .. Names(second)]);
        Assert.Equal(("", ""), (At(first, "metadata.remainingItemCount"), At(second, "metadata.continue")));
    }

    [Fact]
    public async Task ATokenWhoseRevisionIsCompacted_Is410_WithATokenThatGoesOnAtTheNewest()
    {
        var path = await Filled();
        var first = await List(path, "limit=2");
        await Delete(path, "c");
        await Api.Engine.CompactAsync(Api.Engine.Revision, CancellationToken.None);
        var (code, expired) = await Api.CallAsync("GET", $"{path}?limit=1&continue={At(first, "metadata.continue")}");
        Assert.Equal((410, "Expired"), (code, At(expired, "reason")));
        var second = await List(path, $"limit=1&continue={At(expired, "metadata.continue")}");
        var third = await List(path, $"limit=1&continue={At(second, "metadata.continue")}");
        Assert.Equal(["d", "e"], [.. Names(second), .. Names(third)]);
        Assert.True(RevisionOf(second) > RevisionOf(first));
        Assert.Equal(RevisionOf(second), RevisionOf(third));
    }

    [Theory]
    [InlineData("continue=nonsense")]
    [InlineData("continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTUsInN0YXJ0IjoiIn0")]
    public async Task ATokenThatIsNone_IsRefused(string query)
    {
        var path = await NewCollection();
        Assert.Equal(400, (await Api.CallAsync("GET", $"{path}?limit=1&{query}")).Code);
    }

    [Theory]
    [InlineData("", "", "newest")]
    [InlineData("0", "", "newest")]
    [InlineData("0", "NotOlderThan", "newest")]
    [InlineData("OLD", "", "newest")]
    [InlineData("OLD", "NotOlderThan", "newest")]
    [InlineData("OLD", "Exact", "old")]
    [InlineData("NOW", "Exact", "newest")]
    [InlineData("NOW", "NotOlderThan", "newest")]
    [InlineData("0", "Exact", "422")]
    [InlineData("", "Exact", "422")]
    [InlineData("OLD", "Other", "422")]
    [InlineData("abc", "", "400")]
    public async Task AResourceVersion_MeansWhatItsMatchSays(string asked, string match, string expected)
    {
        var path = await NewCollection();
        var old = RevisionOf(await Create(path, "a"));
        await Create(path, "b");
        asked = asked.Replace("OLD", $"{old}", StringComparison.Ordinal).Replace("NOW", $"{Api.Engine.Revision}", StringComparison.Ordinal);
        var (code, body) = await Api.CallAsync("GET", $"{path}?resourceVersion={asked}&resourceVersionMatch={match}");
        var seen = code != 200 ? $"{code}" : Names(body).Count == 2 ? "newest" : RevisionOf(body) == old ? "old" : "wrong revision";
        Assert.Equal(expected, seen);
    }

    [Fact]
    public async Task AnExactRevision_IsPaged_AndIs410OnceCompacted_AndWaitedForWhereAhead()
    {
        var path = await NewCollection();
        await Create(path, "a");
        var old = RevisionOf(await Create(path, "b"));
        await Delete(path, "b");
        var first = await List(path, $"resourceVersion={old}&limit=1");
        Assert.Equal((old, "1"), (RevisionOf(first), At(first, "metadata.remainingItemCount")));
        Assert.Equal(["b"], Names(await List(path, $"limit=1&continue={At(first, "metadata.continue")}")));
        await Api.Engine.CompactAsync(Api.Engine.Revision, CancellationToken.None);
        var (code, body) = await Api.CallAsync("GET", $"{path}?resourceVersion={old}&resourceVersionMatch=Exact");
        Assert.Equal((410, "Expired"), (code, At(body, "reason")));
        (code, body) = await Api.CallAsync("GET", $"{path}?resourceVersion={Api.Engine.Revision + 1_000}&resourceVersionMatch=Exact");
        Assert.Equal((504, "Timeout"), (code, At(body, "reason")));
    }

    [Fact]
    public async Task AList_HasEverythingThatWasAcknowledged_AndARevisionToWatchFrom()
    {
        var path = await NewCollection();
        for (var i = 0; i < 20; i++)
        {
            var created = await Create(path, $"c{i:d2}");
            foreach (var query in new[] { "", "resourceVersion=0", $"resourceVersion={RevisionOf(created)}&resourceVersionMatch=NotOlderThan" })
            {
                var list = await List(path, query);
                Assert.True(RevisionOf(list) >= RevisionOf(created));
                Assert.Equal(i + 1, Names(list).Count);
            }
        }
    }

    private async Task<string> Filled()
    {
        var path = await NewCollection();
        foreach (var name in new[] { "a", "b", "c", "d", "e" })
        {
            await Create(path, name, name is "b" or "d" ? "yes" : "no");
        }

        return path;
    }
}
