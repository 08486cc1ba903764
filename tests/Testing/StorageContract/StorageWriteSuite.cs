using System.Text.Json.Nodes;
using Xunit;

namespace KubeAspire.Testing.StorageContract;

/// <summary>Create, get, delete with preconditions, and updates that read, change and compare-and-swap.</summary>
public abstract class StorageWriteSuite<TApi>(TApi api) : StorageSuite<TApi>(api)
    where TApi : class, IApiOverEngine
{
    [Fact]
    public async Task ACreate_AnswersWhatAGetThenAnswers()
    {
        var path = await NewCollection();
        var created = await Create(path, "a");
        var (code, read) = await Api.CallAsync("GET", $"{path}/a");
        Assert.Equal((200, created.ToJsonString()), (code, read.ToJsonString()));
        Assert.NotEqual("", At(read, "metadata.uid"));
    }

    [Fact]
    public async Task ACreate_WithAResourceVersion_IsRefused()
    {
        var path = await NewCollection();
        var (code, body) = await Api.CallAsync("POST", path, """{"metadata":{"name":"a","resourceVersion":"7"}}""");
        Assert.Equal((400, "resourceVersion should not be set on objects to be created"), (code, At(body, "message")));
        Assert.Empty(Names(await List(path)));
    }

    [Fact]
    public async Task ACreate_OfATakenName_IsRefused_AndChangesNothing()
    {
        var path = await NewCollection();
        var created = await Create(path, "a");
        var (code, body) = await Api.CallAsync("POST", path, """{"metadata":{"name":"a"},"data":{"value":"2"}}""");
        Assert.Equal((409, "AlreadyExists"), (code, At(body, "reason")));
        Assert.Equal(created.ToJsonString(), (await Api.CallAsync("GET", $"{path}/a")).Body.ToJsonString());
    }

    [Fact]
    public async Task AGet_AtLeastAsNewAsARevision_IsAnsweredWhereTheStoreIs()
    {
        var path = await NewCollection();
        var created = await Create(path, "a");
        var updated = await SetData(path, "a", "2");
        foreach (var asked in new[] { "", "0", $"{RevisionOf(created)}", $"{RevisionOf(updated)}" })
        {
            Assert.Equal(RevisionOf(updated), RevisionOf((await Api.CallAsync("GET", $"{path}/a?resourceVersion={asked}")).Body));
        }

        Assert.Equal((404, "NotFound"), await Refused("GET", $"{path}/none"));
        Assert.Equal((404, "NotFound"), await Refused("GET", $"{path}/none?resourceVersion=0"));
        Assert.Equal((400, "BadRequest"), await Refused("GET", $"{path}/a?resourceVersion=abc"));
    }

    [Fact]
    public async Task AGet_AheadOfTheStore_IsWaitedFor_ThenRefused()
    {
        var path = await NewCollection();
        await Create(path, "a");
        var (code, body) = await Api.CallAsync("GET", $"{path}/a?resourceVersion={Api.Engine.Revision + 1_000}");
        Assert.Equal((504, "Timeout"), (code, At(body, "reason")));
        Assert.Contains("Too large resource version", At(body, "message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", 200)]
    [InlineData("""{"preconditions":{"uid":"UID"}}""", 200)]
    [InlineData("""{"preconditions":{"resourceVersion":"RV"}}""", 200)]
    [InlineData("""{"preconditions":{"uid":"UID","resourceVersion":"RV"}}""", 200)]
    [InlineData("""{"preconditions":{"uid":"another"}}""", 409)]
    [InlineData("""{"preconditions":{"resourceVersion":"1"}}""", 409)]
    [InlineData("""{"preconditions":{"uid":"UID","resourceVersion":"1"}}""", 409)]
    [InlineData("""{"preconditions":{"uid":"another","resourceVersion":"RV"}}""", 409)]
    public async Task ADelete_HoldsToItsPreconditions(string options, int expected)
    {
        var path = await NewCollection();
        await Create(path, "a");
        var current = await SetData(path, "a", "2");
        var body = options.Replace("UID", At(current, "metadata.uid"), StringComparison.Ordinal).Replace("RV", At(current, "metadata.resourceVersion"), StringComparison.Ordinal);
        Assert.Equal(expected, (await Api.CallAsync("DELETE", $"{path}/a", body)).Code);
        Assert.Equal(expected == 200 ? 404 : 200, (await Api.CallAsync("GET", $"{path}/a")).Code);
    }

    [Fact]
    public async Task ADelete_OfNothing_IsNotFound() =>
        Assert.Equal((404, "NotFound"), await Refused("DELETE", $"{await NewCollection()}/a"));

    [Fact]
    public async Task AnObjectMadeAgain_IsNotDeletedByTheUidOfTheFirst()
    {
        var path = await NewCollection();
        var first = await Create(path, "a");
        await Delete(path, "a");
        await Create(path, "a");
        Assert.Equal((409, "Conflict"), await Refused("DELETE", $"{path}/a", $$$"""{"preconditions":{"uid":"{{{At(first, "metadata.uid")}}}"}}"""));
    }

    [Fact]
    public async Task ADelete_WithoutPreconditions_IsNotRefusedForUpdatesThatComeBetween()
    {
        var path = await NewCollection();
        for (var round = 0; round < 10; round++)
        {
            await Create(path, "a");
            var updates = Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => Api.CallAsync("PATCH", $"{path}/a", $$$"""{"data":{"k{{{i}}}":"x"}}"""))));
            Assert.Equal(200, (await Api.CallAsync("DELETE", $"{path}/a")).Code);
            Assert.All(await updates, update => Assert.True(update.Code is 200 or 404));
            Assert.Equal(404, (await Api.CallAsync("GET", $"{path}/a")).Code);
        }
    }

    [Fact]
    public async Task AnUpdate_WithoutARevision_IsUnconditional_AndOneWithAnOldRevision_IsRefused()
    {
        var path = await NewCollection();
        var old = await Create(path, "a");
        await SetData(path, "a", "2");
        old["data"]!["value"] = "3";
        Assert.Equal((409, "Conflict"), await Refused("PUT", $"{path}/a", old.ToJsonString()));
        old["metadata"]!.AsObject().Remove("resourceVersion");
        var (code, body) = await Api.CallAsync("PUT", $"{path}/a", old.ToJsonString());
        Assert.Equal((200, "3"), (code, At(body, "data.value")));
        old["metadata"]!["uid"] = "another";
        Assert.Equal((409, "Conflict"), await Refused("PUT", $"{path}/a", old.ToJsonString()));
    }

    [Fact]
    public async Task AnUpdateThatChangesNothing_TakesNoRevision_AndIsComparedWithWhatIsStored()
    {
        var path = await NewCollection();
        await Create(path, "a");
        var current = await SetData(path, "a", "2");
        var (code, body) = await Api.CallAsync("PUT", $"{path}/a", current.ToJsonString());
        Assert.Equal((200, RevisionOf(current)), (code, RevisionOf(body)));
        Assert.Equal(RevisionOf(current), RevisionOf(await SetData(path, "a", "2")));

        // The same text over another state is a change.
        await SetData(path, "a", "3");
        Assert.True(RevisionOf(await SetData(path, "a", "2")) > RevisionOf(current) + 1);
    }

    [Fact]
    public async Task PatchesThatRace_AllTakeEffect()
    {
        const int Writers = 4, Each = 5;
        var path = await NewCollection();
        await Create(path, "a");
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
            {
                await SetDataKey(path, $"k{writer}-{i}");
            }
        })));
        var stored = (JsonObject)(await Api.CallAsync("GET", $"{path}/a")).Body["data"]!;
        Assert.Equal((Writers * Each) + 1, stored.Count);
    }

    private async Task SetDataKey(string path, string key)
    {
        // A server may give up after some lost races: the client then tries again, as kubectl does.
        while ((await Api.CallAsync("PATCH", $"{path}/a", $$$"""{"data":{"{{{key}}}":"x"}}""")).Code is var code && code != 200)
        {
            Assert.Equal(409, code);
        }
    }

    private async Task<(int Code, string Reason)> Refused(string method, string target, string? body = null)
    {
        var (code, answer) = await Api.CallAsync(method, target, body);
        return (code, At(answer, "reason"));
    }
}
