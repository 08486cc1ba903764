using System.Text;

namespace KubeAspire.ApiServer.Tests.Verbs;

/// <summary>What is wrong gets the Status that upstream gives, and nothing is stored.</summary>
public sealed class BadInputTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Json = "application/json";

    public static TheoryData<string, string, string, string, string, int, string, string> Cases => new()
    {
        { "malformed JSON", "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"x"}""", Json, 400, "BadRequest", "json parse error" },
        { "a body that is no object", "POST", "/api/v1/namespaces/default/configmaps", "[1]", Json, 400, "BadRequest", "" },
        { "unknown field, Strict", "POST", "/api/v1/namespaces/default/configmaps?fieldValidation=Strict", """{"metadata":{"name":"x"},"foo":1}""", Json, 400, "BadRequest", "strict decoding error: unknown field \"foo\"" },
        { "duplicate field, Strict", "POST", "/api/v1/namespaces/default/configmaps?fieldValidation=Strict", """{"metadata":{"name":"x"},"data":{"a":"1"},"data":{"b":"1"}}""", Json, 400, "BadRequest", "duplicate field \"data\"" },
        { "bad fieldValidation", "POST", "/api/v1/namespaces/default/configmaps?fieldValidation=Loud", """{"metadata":{"name":"x"}}""", Json, 422, "Invalid", "fieldValidation" },
        { "name is no label", "POST", "/api/v1/namespaces", """{"metadata":{"name":"Not_A_Label"}}""", Json, 422, "Invalid", "a lowercase RFC 1123 label must consist of" },
        { "no name", "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{}}""", Json, 422, "Invalid", "name or generateName is required" },
        { "wrong type of value", "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":7}}""", Json, 400, "BadRequest", "" },
        { "another kind", "POST", "/api/v1/namespaces/default/configmaps", """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}""", Json, 400, "BadRequest", "" },
        { "another version", "POST", "/api/v1/namespaces/default/configmaps", """{"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"x"}}""", Json, 400, "BadRequest", "the API version in the data (v2) does not match the expected API version (v1)" },
        { "another namespace", "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"x","namespace":"other"}}""", Json, 400, "BadRequest", "the namespace of the provided object does not match the namespace sent on the request" },
        { "create with a revision", "POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"x","resourceVersion":"5"}}""", Json, 400, "BadRequest", "resourceVersion should not be set on objects to be created" },
        { "missing namespace", "POST", "/api/v1/namespaces/nowhere/configmaps", """{"metadata":{"name":"x"}}""", Json, 404, "NotFound", "namespaces \"nowhere\" not found" },
        { "unknown resource", "GET", "/api/v1/namespaces/default/gizmos", "", Json, 404, "NotFound", "the server could not find the requested resource" },
        { "unknown group", "GET", "/apis/example.com/v1/gizmos", "", Json, 404, "NotFound", "the server could not find the requested resource" },
        { "unknown object", "GET", "/api/v1/namespaces/default/configmaps/none", "", Json, 404, "NotFound", "configmaps \"none\" not found" },
        { "bad label selector", "GET", "/api/v1/namespaces/default/pods?labelSelector=a%20b%20c", "", Json, 400, "BadRequest", "" },
        { "bad field selector", "GET", "/api/v1/namespaces/default/pods?fieldSelector=foo%3Dbar", "", Json, 400, "BadRequest", "field label not supported: foo" },
        { "bad media type", "POST", "/api/v1/namespaces/default/configmaps", "x", "text/plain", 415, "UnsupportedMediaType", "the body of the request was in an unknown format" },
        { "bad dryRun", "POST", "/api/v1/namespaces/default/configmaps?dryRun=Some", """{"metadata":{"name":"x"}}""", Json, 422, "Invalid", "dryRun: Unsupported value: \"Some\"" },
        { "bad continue token", "GET", "/api/v1/pods?continue=zzz", "", Json, 400, "BadRequest", "continue key is not valid" },
        { "match without revision", "GET", "/api/v1/pods?resourceVersionMatch=Exact", "", Json, 422, "Invalid", "resourceVersionMatch is forbidden unless resourceVersion is provided" },
        { "revision that is no number", "GET", "/api/v1/pods?resourceVersion=abc", "", Json, 400, "BadRequest", "invalid resource version" },
        { "dot segment", "GET", "/api/v1/namespaces/../secrets", "", Json, 400, "BadRequest", "" },
        { "encoded slash", "GET", "/api/v1/namespaces/a%2Fb", "", Json, 400, "BadRequest", "" },
        { "protected namespace", "DELETE", "/api/v1/namespaces/kube-system", "", Json, 403, "Forbidden", "namespaces \"kube-system\" is forbidden: this namespace may not be deleted" },
        { "method that no resource has", "DELETE", "/api/v1/namespaces", "", Json, 405, "MethodNotAllowed", "the server does not allow this method on the requested resource" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task IsRefused_AsUpstreamRefuses(string what, string method, string target, string body, string contentType, int code, string reason, string message)
    {
        var before = api.Engine.Revision;
        var answer = await api.SendAsync(method, target, body.Length == 0 ? null : body, contentType);

        Assert.True(code == answer.Code, $"{what}: {answer.Code} {answer.Text}");
        Assert.Equal(("Status", reason, "Failure", $"{code}"), (answer.At("kind"), answer.Reason, answer.At("status"), answer.At("code")));
        Assert.Contains(message, answer.Message, StringComparison.Ordinal);
        Assert.Equal(before, api.Engine.Revision);
    }

    [Fact]
    public async Task EveryBrokenField_IsACause()
    {
        var answer = await api.SendAsync("POST", "/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"Bad","labels":{"-":"x","ok":"no good"}}}""");

        Assert.Equal(422, answer.Code);
        Assert.Equal("metadata.name", answer.At("details.causes.0.field"));
        Assert.Equal("metadata.labels", answer.At("details.causes.1.field"));
        Assert.Equal("metadata.labels", answer.At("details.causes.2.field"));
        Assert.Equal("FieldValueInvalid", answer.At("details.causes.0.reason"));
    }

    [Fact]
    public async Task UnknownFields_AreToldInWarnings_ByDefault()
    {
        var answer = await api.SendAsync("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", """{"metadata":{"name":"x"},"foo":1}""");

        Assert.Equal((201, "299 - \"unknown field \\\"foo\\\"\""), (answer.Code, answer.Headers["Warning"].ToString()));
    }

    [Fact]
    public async Task AliasBomb_IsRefused()
    {
        var bomb = new StringBuilder("a: &a [x,x,x,x,x,x,x,x,x,x]\n");
        for (var c = 'b'; c < 'k'; c++)
        {
            bomb.Append(System.Globalization.CultureInfo.InvariantCulture, $"{c}: &{c} [*{(char)(c - 1)},*{(char)(c - 1)},*{(char)(c - 1)},*{(char)(c - 1)},*{(char)(c - 1)},*{(char)(c - 1)},*{(char)(c - 1)},*{(char)(c - 1)}]\n");
        }

        var answer = await api.SendAsync("POST", "/api/v1/namespaces/default/configmaps", bomb.ToString(), "application/yaml");

        Assert.Equal((400, "BadRequest"), (answer.Code, answer.Reason));
    }

    [Theory]
    [InlineData(1600 * 1024, "Request entity too large: limit is 1572864")]
    [InlineData(3200 * 1024, "Request entity too large: limit is 3145728")]
    public async Task TooLarge_Is413(int bytes, string message)
    {
        var answer = await api.SendAsync("POST", "/api/v1/namespaces/default/configmaps", $$$"""{"metadata":{"name":"x"},"binaryData":{"a":"{{{new string('A', bytes)}}}"}}""");

        Assert.Equal((413, "RequestEntityTooLarge", message), (answer.Code, answer.Reason, answer.Message));
    }

    [Fact]
    public async Task NoCredentials_Is401_AndWrongOnesToo_ButHealthIsOpen()
    {
        var anonymous = await api.SendAsync("GET", "/api/v1/pods", user: null);
        var wrong = await api.SendAsync("GET", "/livez", user: null, bearer: "not.a.token");
        var health = await api.SendAsync("GET", "/livez", user: null);
        var discovery = await api.SendAsync("GET", "/api", user: null);

        Assert.Equal((401, "Unauthorized", "Unauthorized"), (anonymous.Code, anonymous.Reason, anonymous.Message));
        Assert.Equal((401, 200, "ok", 401), (wrong.Code, health.Code, health.Text, discovery.Code));
    }

    [Fact]
    public async Task UnservableAccept_Is406()
    {
        var answer = await api.SendAsync("GET", "/api/v1/pods", accept: "application/cbor");

        Assert.Equal((406, "NotAcceptable"), (answer.Code, answer.Reason));
    }
}
