using System.Buffers.Binary;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Schemas;
using KubeAspire.ApiMachinery.Serialization;
using KubeAspire.Resources;

namespace KubeAspire.ApiServer.Tests.Http;

/// <summary>What a client that speaks protobuf gets: objects, lists, events, refusals.</summary>
public sealed class ProtobufAnswerTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";
    private const string Accept = Protobuf + ",application/json";

    private static readonly Schema s_objectMeta = Find("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    private static readonly Schema s_listMeta = Find("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta");

    [Fact]
    public async Task AnObject_IsTheSame_InEveryFormat()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        var created = await api.SendAsync("POST", path, """{"metadata":{"name":"a","labels":{"x":"y"}},"data":{"k":"v\u2028"},"binaryData":{"b":"AAE="}}""", accept: Accept);
        Assert.Equal((201, Protobuf), (created.Code, created.Headers.ContentType.ToString()));

        var json = await api.SendAsync("GET", path + "/a");
        var protobuf = await api.SendAsync("GET", path + "/a", accept: Accept);

        Assert.Equal(Protobuf, protobuf.Headers.ContentType.ToString());
        Same(json.Json, Read(protobuf.Bytes));
        Same(json.Json, Read(created.Bytes));
        Assert.Equal(protobuf.Bytes.Length, protobuf.Headers.ContentLength);
    }

    [Fact]
    public async Task AList_HoldsItsItems_AndItsRevision()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        foreach (var name in (string[])["a", "b", "c"])
        {
            Assert.Equal(201, (await api.SendAsync("POST", path, $$$"""{"metadata":{"name":"{{{name}}}"},"data":{"n":"{{{name}}}"}}""")).Code);
        }

        var json = (await api.SendAsync("GET", path + "?limit=2")).Json;
        var protobuf = await api.SendAsync("GET", path + "?limit=2", accept: Accept);

        var list = ReadList(protobuf.Bytes, "ConfigMapList", "v1", Find("io.k8s.api.core.v1.ConfigMap"));
        Assert.Equal(protobuf.Bytes.Length, protobuf.Headers.ContentLength);
        Assert.Equal(json["metadata"]!["continue"]!.ToString().Length > 0, list.Metadata["continue"]!.ToString().Length > 0);
        Assert.Equal("1", list.Metadata["remainingItemCount"]!.ToString());
        Assert.Equal(["a", "b"], list.Items.Select(item => item["metadata"]!["name"]!.ToString()));
        Assert.Equal("b", list.Items[1]["data"]!["n"]!.ToString());
    }

    [Fact]
    public async Task ALongList_IsCompressed_WhereTheClientTakesIt()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        Assert.Equal(201, (await api.SendAsync("POST", path, $$$"""{"metadata":{"name":"a"},"data":{"n":"{{{new string('x', 200_000)}}}"}}""")).Code);

        var plain = await api.SendAsync("GET", path, accept: Accept);
        var list = ReadList(plain.Bytes, "ConfigMapList", "v1", Find("io.k8s.api.core.v1.ConfigMap"));

        Assert.Equal(200_000, list.Items[0]["data"]!["n"]!.ToString().Length);
        Assert.False(plain.Headers.ContainsKey("Content-Encoding"));
    }

    [Fact]
    public async Task Metadata_CanBeAskedForAlone()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        await api.SendAsync("POST", path, """{"metadata":{"name":"a","labels":{"x":"y"}},"data":{"k":"v"}}""");

        var one = await api.SendAsync("GET", path + "/a", accept: Protobuf + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json");
        var many = await api.SendAsync("GET", path, accept: Protobuf + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");

        var (type, raw) = Envelope(one.Bytes);
        Assert.Equal(("meta.k8s.io/v1", "PartialObjectMetadata"), type);
        Assert.Equal("y", Fields(raw, (1, s_objectMeta)).Single()["labels"]!["x"]!.ToString());
        Assert.Equal(["a"], ReadList(many.Bytes, "PartialObjectMetadataList", "meta.k8s.io/v1", MetadataOnly()).Items.Select(item => item["metadata"]!["name"]!.ToString()));
    }

    [Fact]
    public async Task ARefusal_IsAStatus()
    {
        var answer = await api.SendAsync("GET", "/api/v1/namespaces/default/pods/none", accept: Accept);

        Assert.Equal((404, Protobuf), (answer.Code, answer.Headers.ContentType.ToString()));
        var (type, raw) = Envelope(answer.Bytes);
        Assert.Equal(("v1", "Status"), type);
        using var output = new ProtobufBuffer();
        ProtobufTranscoder.WriteMessage((await api.SendAsync("GET", "/api/v1/namespaces/default/pods/none")).Bytes, Find("io.k8s.apimachinery.pkg.apis.meta.v1.Status"), output);
        Assert.Equal(output.Written.ToArray(), raw);
    }

    [Fact]
    public async Task AReview_IsAnsweredInKind()
    {
        var answer = await api.SendAsync(
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}""", accept: Accept);

        Assert.Equal((201, Protobuf), (answer.Code, answer.Headers.ContentType.ToString()));
        Assert.Equal("true", Read(answer.Bytes)["status"]!["allowed"]!.ToJsonString());
    }

    [Fact]
    public async Task AWatch_IsFramed()
    {
        var ns = await api.NamespaceAsync();
        var path = $"/api/v1/namespaces/{ns}/configmaps";
        await api.SendAsync("POST", path, """{"metadata":{"name":"a"},"data":{"k":"v"}}""");
        await api.SendAsync("POST", path, """{"metadata":{"name":"b"}}""");

        var answer = await api.SendAsync("GET", path + "?watch=1&resourceVersion=0&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", accept: Accept);

        Assert.Equal(Protobuf + ";stream=watch", answer.Headers.ContentType.ToString());
        var events = Frames(answer.Bytes);
        Assert.Equal(["ADDED", "ADDED", "BOOKMARK"], events.Select(one => one.Type).Take(3));
        Assert.Equal("v", Read(events[0].Object)["data"]!["k"]!.ToString());
        Assert.Equal("true", Read(events[2].Object)["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!.ToString());
    }

    [Fact]
    public async Task AWatchFromACompactedRevision_EndsInAnErrorFrame_OrAStatus()
    {
        var answer = await api.SendAsync("GET", "/api/v1/namespaces/default/configmaps?watch=1&resourceVersion=x&timeoutSeconds=1", accept: Accept);

        Assert.Equal(("v1", "Status"), Envelope(answer.Bytes).Type);
        Assert.Equal(400, answer.Code);
    }

    [Theory]
    [InlineData("application/cbor", "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    public async Task WhatCannotBeServed_IsA406(string accept, string message)
    {
        var answer = await api.SendAsync("GET", "/api/v1/namespaces", accept: accept);

        Assert.Equal((406, "NotAcceptable", message), (answer.Code, answer.Reason, answer.Message));
    }

    [Fact]
    public async Task ACborBody_IsA415()
    {
        var answer = await api.SendAsync("POST", "/api/v1/namespaces", bytes: [0xD9, 0xD9, 0xF7, 0xA0], contentType: "application/cbor");

        Assert.Equal(
            (415, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"),
            (answer.Code, answer.Reason, answer.Message));
    }

    private static Schema Find(string definition) => BuiltInTypes.Schemas.Find(definition)!;

    private static Schema MetadataOnly() => new("PartialObjectMetadata", () => [new("metadata", new Schema(() => s_objectMeta) { WirePath = [1] })]);

    private static JsonObject Read(byte[] body)
    {
        var result = BodyDecoder.Decode(body, BodyFormat.Protobuf, (apiVersion, kind) => BuiltInTypes.All.FirstOrDefault(type => type.Type.ApiVersion == apiVersion && type.Type.Kind == kind) is { } type
            ? BuiltInTypes.Schemas.Find(type.Definition) : null);
        Assert.True(result.Succeeded, result.Error?.Message);
        return result.Value.Value;
    }

    private static (JsonObject Metadata, List<JsonObject> Items) ReadList(byte[] body, string kind, string apiVersion, Schema items)
    {
        var (type, raw) = Envelope(body);
        Assert.Equal((apiVersion, kind), type);
        var list = new Schema("List", () => [new("metadata", new Schema(() => s_listMeta) { WirePath = [1] }), new("items", new Schema(SchemaType.Array, null, new Schema(() => items)) { WirePath = [2] })]);
        var read = Decode(raw, list);
        return ((JsonObject)read["metadata"]!, [.. (read["items"] as JsonArray ?? []).OfType<JsonObject>()]);
    }

    private static List<JsonObject> Fields(byte[] raw, (int Number, Schema Schema) field) =>
        [(JsonObject)Decode(raw, new Schema("One", () => [new("one", new Schema(() => field.Schema) { WirePath = [field.Number] })]))["one"]!];

    // The reader takes envelopes only: one is put around.
    private static JsonObject Decode(byte[] raw, Schema schema)
    {
        using var output = new ProtobufBuffer();
        var start = ProtobufTranscoder.BeginEnvelope("v1", "Any", output);
        output.Raw(raw);
        ProtobufTranscoder.EndEnvelope(start, output);
        var result = BodyDecoder.Decode(output.Written.ToArray(), BodyFormat.Protobuf, (_, _) => schema);
        Assert.True(result.Succeeded, result.Error?.Message);
        return result.Value.Value;
    }

    private static ((string ApiVersion, string Kind) Type, byte[] Raw) Envelope(byte[] body)
    {
        Assert.Equal("k8s\0"u8.ToArray(), body[..4]);
        var at = 4;
        var type = Length(body, ref at, 0x0A);
        var typeAt = 0;
        var apiVersion = System.Text.Encoding.UTF8.GetString(Length(type, ref typeAt, 0x0A));
        var kind = System.Text.Encoding.UTF8.GetString(Length(type, ref typeAt, 0x12));
        var raw = Length(body, ref at, 0x12);
        Assert.Equal([0x1A, 0, 0x22, 0], body[at..]);
        return ((apiVersion, kind), raw);
    }

    private static List<(string Type, byte[] Object)> Frames(byte[] stream)
    {
        var frames = new List<(string, byte[])>();
        for (var at = 0; at < stream.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(stream.AsSpan(at));
            var frame = stream[(at + 4)..(at + 4 + length)];
            at += 4 + length;
            var inner = 0;
            var type = System.Text.Encoding.UTF8.GetString(Length(frame, ref inner, 0x0A));
            var extension = Length(frame, ref inner, 0x12);
            var raw = 0;
            frames.Add((type, Length(extension, ref raw, 0x0A)));
        }

        return frames;
    }

    private static byte[] Length(byte[] bytes, ref int at, byte tag)
    {
        Assert.Equal(tag, bytes[at++]);
        var length = 0;
        for (var shift = 0; ; shift += 7)
        {
            var digit = bytes[at++];
            length |= (digit & 0x7F) << shift;
            if (digit < 0x80)
            {
                break;
            }
        }

        at += length;
        return bytes[(at - length)..at];
    }

    private static void Same(JsonNode? expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"expected {expected?.ToJsonString()}\nactual   {actual?.ToJsonString()}");
}
