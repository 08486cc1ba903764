using System.Collections.Concurrent;
using System.Net;
using System.Text;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client.Rest;
using KubeAspire.Resources.Core;
using KubeAspire.Testing;

namespace KubeAspire.Client.Tests.Rest;

public sealed class RestApiClientTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly Script _script = new();
    private readonly RestApiClient _client;

    public RestApiClientTests() =>
        _client = new RestApiClient(new Kubeconfig { Server = new Uri("http://server/base/"), Token = "secret" }, "test", _clock, _script);

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Get_AsksForTheObject_AndSaysWhoAsks()
    {
        _script.Answer(200, """{"metadata":{"name":"web","resourceVersion":"7"}}""");
        var got = await _client.GetAsync<Pod>("shop", "web", CancellationToken.None);
        Assert.Equal("7", got.Value!.Metadata.ResourceVersion);

        var seen = Assert.Single(_script.Seen);
        Assert.Equal("GET /base/api/v1/namespaces/shop/pods/web", seen.Line);
        Assert.Equal("Bearer secret", seen.Headers["Authorization"]);
        Assert.Equal("kubeaspire-test/0.1.0", seen.Headers["User-Agent"]);
        Assert.Equal("application/json", seen.Headers["Accept"]);
    }

    [Fact]
    public async Task ARefusal_IsTheStatusThatTheServerGave()
    {
        _script.Answer(422, """
            {"kind":"Status","status":"Failure","message":"Pod \"x\" is invalid: spec.nodeName: Invalid value","reason":"Invalid","code":422,
             "details":{"name":"x","kind":"Pod","group":"","causes":[{"reason":"FieldValueInvalid","message":"Invalid value","field":"spec.nodeName"}]}}
            """);
        var error = (await _client.CreateAsync(new Pod { Metadata = new ObjectMeta { Name = "x", Namespace = "n" } }, CancellationToken.None)).Error!;
        Assert.Equal((ApiErrorReason.Invalid, 422, "Pod", "x"), (error.Reason, error.Code, error.Kind, error.Name));
        Assert.Equal(new ErrorCause("FieldValueInvalid", "Invalid value", "spec.nodeName"), Assert.Single(error.Causes));
        Assert.StartsWith("""{"apiVersion":"v1","kind":"Pod","metadata":{""", Assert.Single(_script.Seen).Body);
    }

    [Theory]
    [InlineData(404, "<html>nothing here</html>", ApiErrorReason.NotFound, "<html>nothing here</html>")]
    [InlineData(502, "", ApiErrorReason.Unknown, "the server answered 502 and said no more")]
    [InlineData(500, """{"kind":"Status","reason":"WhoKnows"}""", ApiErrorReason.InternalError, "the server answered 500 and said no more")]
    public async Task ABodyThatIsNoStatus_IsStillAnError(int code, string body, ApiErrorReason reason, string message)
    {
        _script.Answer(code, body);
        var error = (await _client.UpdateAsync(new Pod { Metadata = new ObjectMeta { Name = "x", Namespace = "n" } }, CancellationToken.None)).Error!;
        Assert.Equal((reason, code, message), (error.Reason, error.Code, error.Message));
    }

    [Fact]
    public async Task List_FollowsThePages()
    {
        _script.Answer(200, """{"metadata":{"resourceVersion":"9","continue":"t/1","remainingItemCount":1},"items":[{"metadata":{"name":"a"}}]}""");
        _script.Answer(200, """{"items":[{"metadata":{"name":"b"}}],"metadata":{"continue":"","resourceVersion":"9"}}""");
        var listed = await _client.ListAsync<Node>(null, new ListQuery { LabelSelector = "a in (b,c)" }, CancellationToken.None);

        Assert.Equal(["a", "b"], listed.Value!.Items.Select(node => node.Metadata.Name));
        Assert.Equal("9", listed.Value.ResourceVersion);
        Assert.Equal(
            ["GET /base/api/v1/nodes?labelSelector=a%20in%20%28b%2Cc%29&limit=500", "GET /base/api/v1/nodes?labelSelector=a%20in%20%28b%2Cc%29&limit=500&continue=t%2F1"],
            _script.Seen.Select(seen => seen.Line));
    }

    [Fact]
    public async Task List_WhoseTokenExpired_BeginsAgainWhole()
    {
        _script.Answer(200, """{"metadata":{"resourceVersion":"9","continue":"t"},"items":[{"metadata":{"name":"old"}}]}""");
        _script.Answer(410, """{"kind":"Status","reason":"Expired","code":410}""");
        _script.Answer(200, """{"metadata":{"resourceVersion":"12"},"items":null}""");
        var listed = await _client.ListAsync<Node>(null, ListQuery.All, CancellationToken.None);
        Assert.Equal("12", listed.Value!.ResourceVersion);
        Assert.Empty(listed.Value.Items);
    }

    [Fact]
    public async Task Metadata_IsAskedForAsSuch()
    {
        _script.Answer(200, """{"metadata":{"resourceVersion":"9"},"items":[]}""");
        await _client.ListAsync<PartialObjectMetadata>(Pod.ResourceType, null, ListQuery.All, CancellationToken.None);
        Assert.Equal("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json", Assert.Single(_script.Seen).Headers["Accept"].Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_DecodesLineByLine_AcrossArbitraryPieces()
    {
        var big = new string('x', 9_000);
        var lines = """{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}""" + "\n"
            + """{"object":{"metadata":{"name":"BIG"}},"type":"MODIFIED"}""".Replace("BIG", big, StringComparison.Ordinal) + "\n\n"
            + """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"3"}}}""" + "\n"
            + """{"type":"ERROR","object":{"kind":"Status","reason":"Expired","code":410,"message":"too old"}}""" + "\n"
            + """{"type":"DELETED","object":{"metadata":{"name":"never"}}}""";
        _script.Answer(200, lines, pieces: 7);
        var events = await DrainAsync(new ListQuery { ResourceVersion = "5", Timeout = TimeSpan.FromSeconds(30) });

        Assert.Equal([WatchEventType.Added, WatchEventType.Modified, WatchEventType.Bookmark, WatchEventType.Error], events.Select(change => change.Type));
        Assert.Equal(big, events[1].Object!.Metadata.Name);
        Assert.Equal(410, events[3].Error!.Code);
        Assert.Equal("GET /base/api/v1/pods?watch=true&resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=30", Assert.Single(_script.Seen).Line);
    }

    [Fact]
    public async Task Watch_ThatIsRefused_EndsWithTheRefusal()
    {
        _script.Answer(403, """{"kind":"Status","reason":"Forbidden","code":403,"message":"pods is forbidden"}""");
        var change = Assert.Single(await DrainAsync(ListQuery.All));
        Assert.Equal((WatchEventType.Error, ApiErrorReason.Forbidden), (change.Type, change.Error!.Reason));
    }

    [Fact]
    public async Task Watch_CutOffInsideALine_IsABrokenConnection()
    {
        _script.Answer(200, """{"type":"ADDED","object":{"metadata":{"na""");
        await Assert.ThrowsAsync<HttpRequestException>(() => DrainAsync(ListQuery.All));
    }

    [Fact]
    public async Task TooManyRequests_IsWaitedFor_WhateverTheVerb()
    {
        _script.Answer(429, "{}", retryAfter: 3);
        _script.Answer(200, """{"metadata":{"name":"x"}}""");
        var creating = _client.CreateAsync(new Pod { Metadata = new ObjectMeta { Name = "x", Namespace = "n" } }, CancellationToken.None);
        await UntilAsync(() => _clock.ArmedTimers == 1);
        Assert.Single(_script.Seen);
        _clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True((await creating).Succeeded);
        Assert.Equal(2, _script.Seen.Count);
    }

    [Fact]
    public async Task ABrokenRead_IsRepeated_AndABrokenWriteIsNot()
    {
        _script.Throw();
        _script.Answer(200, """{"metadata":{"name":"x"}}""");
        var getting = _client.GetAsync<Pod>("n", "x", CancellationToken.None);
        await UntilAsync(() => _clock.ArmedTimers == 1);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True((await getting).Succeeded);

        _script.Throw();
        await Assert.ThrowsAsync<HttpRequestException>(() => _client.DeleteAsync<Pod>("n", "x", new DeleteOptions(), CancellationToken.None));
        Assert.Equal(3, _script.Seen.Count);
    }

    [Fact]
    public async Task ReadsThatNeverSucceed_End()
    {
        for (var attempt = 0; attempt < RestApiClient.AttemptsMax; attempt++)
        {
            _script.Throw();
        }

        var getting = _client.GetAsync<Pod>("n", "x", CancellationToken.None);
        for (var attempt = 1; attempt < RestApiClient.AttemptsMax; attempt++)
        {
            await UntilAsync(() => _clock.ArmedTimers == 1 || getting.IsCompleted);
            _clock.Advance(TimeSpan.FromSeconds(2));
        }

        await Assert.ThrowsAsync<HttpRequestException>(() => getting);
        Assert.Equal(RestApiClient.AttemptsMax, _script.Seen.Count);
    }

    [Fact]
    public async Task Patch_SaysItsMediaTypeAndManager_AndDeleteItsOptions()
    {
        _script.Answer(200, """{"metadata":{"name":"x"}}""");
        _script.Answer(200, """{"kind":"Status","status":"Success"}""");
        var patch = new ApiPatch(PatchKind.Apply, Encoding.UTF8.GetBytes("{}")) { FieldManager = "me", Force = true };
        await _client.PatchStatusAsync<Pod>("n", "x", patch, CancellationToken.None);
        await _client.DeleteAsync<Pod>("n", "x", new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Preconditions { Uid = "u" } }, CancellationToken.None);

        Assert.Equal("PATCH /base/api/v1/namespaces/n/pods/x/status?fieldManager=me&force=true", _script.Seen.First().Line);
        Assert.Equal("application/apply-patch+yaml", _script.Seen.First().Headers["Content-Type"]);
        Assert.Equal("""{"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions","preconditions":{"uid":"u"}}""", _script.Seen.Last().Body);
    }

    private async Task<List<WatchEvent<Pod>>> DrainAsync(ListQuery query)
    {
        var events = new List<WatchEvent<Pod>>();
        await foreach (var change in _client.WatchAsync<Pod>(null, query, CancellationToken.None))
        {
            events.Add(change);
        }

        return events;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private sealed record Request(string Line, Dictionary<string, string> Headers, string Body);

    /// <summary>A server that answers what it was told to, in order.</summary>
    private sealed class Script : HttpMessageHandler
    {
        private readonly Queue<Func<HttpResponseMessage>> _answers = new();

        public ConcurrentQueue<Request> Seen { get; } = new();

        public void Answer(int code, string body, int? retryAfter = null, int pieces = int.MaxValue) => _answers.Enqueue(() =>
        {
            var response = new HttpResponseMessage((HttpStatusCode)code) { Content = new StreamContent(new Trickle(Encoding.UTF8.GetBytes(body), pieces)) };
            if (retryAfter is { } seconds)
            {
                response.Headers.RetryAfter = new System.Net.Http.Headers.RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds));
            }

            return response;
        });

        public void Throw() => _answers.Enqueue(() => throw new HttpRequestException("connection refused"));

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var headers = request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? []).ToDictionary(header => header.Key, header => string.Join(",", header.Value));
            Seen.Enqueue(new Request($"{request.Method} {request.RequestUri!.PathAndQuery}", headers, request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken)));
            return _answers.Dequeue()();
        }
    }

    /// <summary>Bytes that arrive a few at a time.</summary>
    private sealed class Trickle(byte[] bytes, int most) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, most));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, most)], cancellationToken);
    }
}
