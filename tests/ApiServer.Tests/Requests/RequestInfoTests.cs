using KubeAspire.ApiServer.Requests;

namespace KubeAspire.ApiServer.Tests.Requests;

public sealed class RequestInfoTests
{
    [Theory]
    [InlineData("GET", "/api/v1/namespaces/a/pods/b/log", false, "get", "", "pods", "log", "a", "b")]
    [InlineData("GET", "/api/v1/namespaces/a/pods", false, "list", "", "pods", "", "a", "")]
    [InlineData("GET", "/api/v1/pods", true, "watch", "", "pods", "", "", "")]
    [InlineData("GET", "/api/v1/namespaces/a", false, "get", "", "namespaces", "", "a", "a")]
    [InlineData("PUT", "/api/v1/namespaces/a/finalize", false, "update", "", "namespaces", "finalize", "a", "a")]
    [InlineData("GET", "/api/v1/namespaces", false, "list", "", "namespaces", "", "", "")]
    [InlineData("POST", "/apis/apps/v1/namespaces/a/deployments", false, "create", "apps", "deployments", "", "a", "")]
    [InlineData("DELETE", "/apis/apps/v1/namespaces/a/deployments", false, "deletecollection", "apps", "deployments", "", "a", "")]
    [InlineData("PATCH", "/api/v1/nodes/n%2D1/status", false, "patch", "", "nodes", "status", "", "n-1")]
    [InlineData("GET", "/apis/kubeaspire.dev/v1/nodes/n1/tunnel", false, "get", "kubeaspire.dev", "nodes", "tunnel", "", "n1")]
    public void Parse_ReadsAResource(string method, string path, bool watch, string verb, string group, string resource, string subresource, string ns, string name)
    {
        var info = RequestInfo.Parse(method, path, watch)!;

        Assert.True(info.IsResource);
        Assert.Equal((verb, group, resource, subresource, ns, name), (info.Verb, info.Group, info.Resource, info.Subresource, info.Namespace, info.Name));
    }

    [Theory]
    [InlineData("/api/v1//pods")]
    [InlineData("/api/v1/./pods")]
    [InlineData("/api/v1/%2e%2e/pods")]
    [InlineData("/api/v1/namespaces/a%2fb")]
    [InlineData("/api/v1/namespaces/a%252Fb")]
    public void Parse_RefusesWhatHidesAPath(string path) => Assert.Null(RequestInfo.Parse("GET", path, false));

    [Theory]
    [InlineData("/")]
    [InlineData("/version")]
    [InlineData("/apis/apps/v1")]
    [InlineData("/openapi/v3/apis/apps/v1")]
    public void Parse_KnowsWhatIsNoResource(string path) => Assert.False(RequestInfo.Parse("GET", path, false)!.IsResource);
}
