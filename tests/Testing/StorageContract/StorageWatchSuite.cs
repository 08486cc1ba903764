using Xunit;

namespace KubeAspire.Testing.StorageContract;

/// <summary>Watches: frames in order, entering and leaving a selection, initial events, bookmarks, time-outs, 410.</summary>
public abstract class StorageWatchSuite<TApi>(TApi api) : StorageSuite<TApi>(api)
    where TApi : class, IApiOverEngine
{
    private const string Initial = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    private const string EndMark = "k8s.io/initial-events-end";

    [Fact]
    public async Task FromARevision_EachChangeComesOnce_InOrder_WithItsRevision()
    {
        var path = await NewCollection();
        var created = await Create(path, "a");
        var updated = await SetData(path, "a", "2");
        await Create(path, "b");
        await Delete(path, "a");
        var frames = await Take($"{path}?watch=true&resourceVersion={RevisionOf(created)}", 3);
        Assert.Equal(["MODIFIED a no", "ADDED b no", "DELETED a no"], frames.Select(Sign));
        Assert.Equal(RevisionOf(updated), RevisionOfFrame(frames[0]));
        Assert.Equal(frames.Select(RevisionOfFrame).Order().Distinct(), frames.Select(RevisionOfFrame));
    }

    [Fact]
    public async Task ADeleteFrame_CarriesTheLastState_AndTheRevisionOfTheDelete()
    {
        var path = await NewCollection();
        await Create(path, "a");
        var last = await SetData(path, "a", "last");
        await Delete(path, "a");
        var frame = (await Take($"{path}?watch=true&resourceVersion={RevisionOf(last)}", 1))[0];
        Assert.Equal(("DELETED a no", "last"), (Sign(frame), At(frame, "object.data.value")));
        Assert.True(RevisionOfFrame(frame) > RevisionOf(last));
        Assert.Equal(RevisionOf(await List(path)), RevisionOfFrame(frame));
    }

    [Fact]
    public async Task ASelection_IsEnteredByADDED_LeftByDELETED_AndSilentOutside()
    {
        var path = await NewCollection();
        var start = RevisionOf(await Create(path, "a"));
        await SetData(path, "a", "unseen");
        await SetLabel(path, "a", "yes");
        await SetData(path, "a", "seen");
        var left = await SetLabel(path, "a", "no");
        await SetData(path, "a", "unseen again");
        await SetLabel(path, "a", "yes");
        await Delete(path, "a");
        var frames = await Take($"{path}?watch=true&labelSelector=sel%3Dyes&resourceVersion={start}", 5);
        Assert.Equal(["ADDED a yes", "MODIFIED a yes", "DELETED a yes", "ADDED a yes", "DELETED a yes"], frames.Select(Sign));
        Assert.Equal((RevisionOf(left), "seen"), (RevisionOfFrame(frames[2]), At(frames[2], "object.data.value")));
    }

    [Fact]
    public async Task OneObjectByFieldSelector_OneNamespace_AllNamespaces_EachSeeTheirOwn()
    {
        var (one, two) = (await NewCollection(), await NewCollection());
        var start = Api.Engine.Revision;
        var mark = one.Split('/')[4];
        await Create(two, "a", mark);
        await Create(one, "b", mark);
        await Create(one, "a", mark);
        Assert.Equal([$"ADDED a {mark}"], (await Take($"{one}?watch=true&fieldSelector=metadata.name%3Da&resourceVersion={start}", 1)).Select(Sign));
        Assert.Equal([$"ADDED b {mark}", $"ADDED a {mark}"], (await Take($"{one}?watch=true&resourceVersion={start}", 2)).Select(Sign));
        Assert.Equal(3, (await Take($"/api/v1/configmaps?watch=true&labelSelector=sel%3D{mark}&resourceVersion={start}", 3)).Count);
    }

    [Fact]
    public async Task AClusterScopedKind_IsWatchedTheSame()
    {
        var start = Api.Engine.Revision;
        var path = await NewCollection();
        var ns = path.Split('/')[4];
        var frames = await Take($"/api/v1/namespaces?watch=true&fieldSelector=metadata.name%3D{ns}&resourceVersion={start}", 1);
        Assert.Equal($"ADDED {ns}", Sign(frames[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("&resourceVersion=0")]
    [InlineData("&resourceVersion=")]
    public async Task WithoutARevision_WhatIsThereComesFirst_ThenWhatChanges(string query)
    {
        var path = await NewCollection();
        await Create(path, "a");
        var frames = await Take($"{path}?watch=true{query}", 2, onceOpen: () => SetData(path, "a", "2"));
        Assert.Equal([("ADDED a no", "1"), ("MODIFIED a no", "2")], frames.Select(frame => (Sign(frame), At(frame, "object.data.value"))));
    }

    [Fact]
    public async Task FromNow_OnlyWhatChangesComes_HoweverLateItIsRead()
    {
        var path = await NewCollection();
        var created = await Create(path, "a");
        await Create(path, "b");
        await SetData(path, "b", "2");
        var frames = await Take($"{path}?watch=true&resourceVersion={RevisionOf(created)}", 2);
        Assert.Equal(["ADDED b no", "MODIFIED b no"], frames.Select(Sign));
        frames = await Take($"{path}?watch=true&resourceVersion={RevisionOfFrame(frames[1])}&allowWatchBookmarks=true&timeoutSeconds=1", int.MaxValue);
        Assert.All(frames, frame => Assert.Equal("BOOKMARK", At(frame, "type")));
    }

    [Fact]
    public async Task AWatchFromADeletesRevision_DoesNotTellTheDeleteAgain()
    {
        var path = await NewCollection();
        await Create(path, "a");
        await Delete(path, "a");
        var start = Api.Engine.Revision;
        await Create(path, "a");
        Assert.Equal(["ADDED a no"], (await Take($"{path}?watch=true&resourceVersion={start}", 1)).Select(Sign));
    }

    [Fact]
    public async Task ACompactedRevision_IsSaid_AndNothingFollowsTheError()
    {
        var path = await NewCollection();
        var start = RevisionOf(await Create(path, "a"));
        await SetData(path, "a", "2");
        await SetData(path, "a", "3");
        await Api.Engine.CompactAsync(Api.Engine.Revision, CancellationToken.None);
        var frames = await TakeAll($"{path}?watch=true&resourceVersion={start}&timeoutSeconds=30");
        Assert.Equal(("ERROR", "Expired", "410"), (At(frames[0], "type"), At(frames[0], "object.reason"), At(frames[0], "object.code")));
        Assert.Single(frames);
    }

    [Fact]
    public async Task ABrokenConnection_EndsTheWatch()
    {
        var path = await NewCollection();
        await Create(path, "a");
        using var source = new CancellationTokenSource();
        await using var frames = Api.WatchAsync($"{path}?watch=true", source.Token).GetAsyncEnumerator(CancellationToken.None);
        Assert.True(await frames.MoveNextAsync());
        var next = frames.MoveNextAsync().AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task AWatch_EndsWhenItsTimeIsOver_WithoutAnError()
    {
        var path = await NewCollection();
        await Create(path, "a");
        Assert.Equal(["ADDED a no"], (await TakeAll($"{path}?watch=true&timeoutSeconds=1")).Select(Sign));
    }

    [Theory]
    [InlineData("&resourceVersion=0")]
    [InlineData("&resourceVersion=")]
    [InlineData("&resourceVersion=OLD")]
    public async Task InitialEvents_EndWithTheMarkedBookmark_AtARevisionNotOlderThanAsked(string query)
    {
        var path = await NewCollection();
        var old = RevisionOf(await Create(path, "a"));
        var newest = RevisionOf(await Create(path, "b", "yes"));
        var target = $"{path}?{Initial}&allowWatchBookmarks=true{query.Replace("OLD", $"{old}", StringComparison.Ordinal)}";
        var frames = await Take(target, 4, onceOpen: () => SetData(path, "a", "2"));
        Assert.Equal(["ADDED a no", "ADDED b yes", "BOOKMARK", "MODIFIED a no"], frames.Select(Sign));
        Assert.Equal("true", frames[2]["object"]!["metadata"]!["annotations"]![EndMark]!.ToString());
        Assert.True(RevisionOfFrame(frames[2]) >= newest && RevisionOfFrame(frames[2]) < RevisionOfFrame(frames[3]));
    }

    [Fact]
    public async Task InitialEventsOfNothing_AreTheBookmarkAlone_AndOfASelection_WhatIsSelected()
    {
        var path = await NewCollection();
        var empty = await Take($"{path}?{Initial}&allowWatchBookmarks=true", 1);
        await Create(path, "a");
        await Create(path, "b", "yes");
        var selected = await Take($"{path}?{Initial}&allowWatchBookmarks=true&labelSelector=sel%3Dyes", 2);
        Assert.Equal(["BOOKMARK"], empty.Select(Sign));
        Assert.Equal(["ADDED b yes", "BOOKMARK"], selected.Select(Sign));
    }

    [Fact]
    public async Task WithoutInitialEvents_OnlyChangesCome()
    {
        var path = await NewCollection();
        var start = RevisionOf(await Create(path, "a"));
        await Create(path, "b");
        var frames = await Take($"{path}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={start}", 1);
        Assert.Equal(["ADDED b no"], frames.Select(Sign));
    }

    [Theory]
    [InlineData("watch=true&sendInitialEvents=true", 422)]
    [InlineData("watch=true&sendInitialEvents=true&resourceVersionMatch=Exact", 422)]
    [InlineData("watch=true&resourceVersionMatch=NotOlderThan", 422)]
    [InlineData("watch=true&resourceVersion=abc", 400)]
    public async Task OptionsThatDoNotFit_AreRefusedBeforeTheFirstFrame(string query, int code)
    {
        var path = await NewCollection();
        Assert.Equal(code, (await Api.CallAsync("GET", $"{path}?{query}")).Code);
    }

    [Fact]
    public async Task ABookmark_HasARevisionThatLosesNothing_AlsoWhereOnlyOthersWrite()
    {
        var (path, other) = (await NewCollection(), await NewCollection());
        var created = await Create(path, "a");
        var written = await Create(other, "x");
        var frames = await TakeAll($"{path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=3&resourceVersion={RevisionOf(created)}");
        Assert.NotEmpty(frames);
        Assert.All(frames, frame => Assert.Equal(("BOOKMARK", "ConfigMap"), (At(frame, "type"), At(frame, "object.kind"))));
        Assert.True(RevisionOfFrame(frames[^1]) >= RevisionOf(written));
        await SetData(path, "a", "2");
        Assert.Equal(["MODIFIED a no"], (await Take($"{path}?watch=true&resourceVersion={RevisionOfFrame(frames[^1])}", 1)).Select(Sign));
    }

    [Fact]
    public async Task AWatchOfARevisionAhead_IsRefusedWhenItDoesNotCome()
    {
        var path = await NewCollection();
        var (code, body) = await Api.CallAsync("GET", $"{path}?watch=true&resourceVersion={Api.Engine.Revision + 1_000}");
        Assert.Equal((504, "Timeout"), (code, At(body, "reason")));
    }
}
