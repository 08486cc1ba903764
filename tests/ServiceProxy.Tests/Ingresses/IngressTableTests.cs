using System.Text;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Networking;
using KubeAspire.ServiceProxy.Ingresses;
using static KubeAspire.ServiceProxy.Tests.Worlds;

namespace KubeAspire.ServiceProxy.Tests.Ingresses;

public sealed class IngressTableTests
{
    // The examples of the Kubernetes documentation, "Ingress", section "Examples" of path types; * is the default backend.
    public static TheoryData<string, string, string, string?> Paths => new()
    {
        // type          paths                  request           the path that matches
        { "Prefix",        "/",                   "/any/path",      "/" },
        { "Exact",         "/foo",                "/foo",           "/foo" },
        { "Exact",         "/foo",                "/bar",           null },
        { "Exact",         "/foo",                "/foo/",          null },
        { "Exact",         "/foo/",               "/foo",           null },
        { "Prefix",        "/foo",                "/foo",           "/foo" },
        { "Prefix",        "/foo",                "/foo/",          "/foo" },
        { "Prefix",        "/foo/",               "/foo",           "/foo/" },
        { "Prefix",        "/foo/",               "/foo/",          "/foo/" },
        { "Prefix",        "/aaa/bb",             "/aaa/bbb",       null },
        { "Prefix",        "/aaa/bbb",            "/aaa/bbb",       "/aaa/bbb" },
        { "Prefix",        "/aaa/bbb/",           "/aaa/bbb",       "/aaa/bbb/" },
        { "Prefix",        "/aaa/bbb",            "/aaa/bbb/",      "/aaa/bbb" },
        { "Prefix",        "/aaa/bbb",            "/aaa/bbb/ccc",   "/aaa/bbb" },
        { "Prefix",        "/aaa/bbb",            "/aaa/bbbxyz",    null },
        { "Prefix",        "/ /aaa",              "/aaa/ccc",       "/aaa" },
        { "Prefix",        "/ /aaa /aaa/bbb",     "/aaa/bbb",       "/aaa/bbb" },
        { "Prefix",        "/ /aaa /aaa/bbb",     "/ccc",           "/" },
        { "Prefix",        "/aaa",                "/ccc",           null },
        // Beyond the documentation.
        { "Prefix",        "/Foo",                "/foo",           null },
        { "Exact",         "/",                   "/",              "/" },
        { "Exact",         "/",                   "/a",             null },
        { "ImplementationSpecific", "/aaa",       "/aaa/b",         "/aaa" },
        { "Prefix",        "/a.c",                "/abc",           null },
        { "Prefix",        "/aaa/bbb",            "/aaa//bbb",      null },
        { "Prefix",        "/ /a",                "//a",            "/" },
        { "Prefix",        "/a/b",                "/a/bcd/e/f/g/h", null },
        { "Prefix",        "/a /a/b/c/d",         "/a/b/c/x/y/z",   "/a" },
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public void Find_MatchesPathsAsDocumented(string type, string paths, string request, string? expected)
    {
        var ingress = Ingress("web", [.. paths.Split(' ').Select(path => ((string?)"foo.com", path, type, "web"))]);

        Assert.Equal(expected, Build([ingress]).Find("foo.com", request)?.Path);
    }

    [Fact]
    public void Find_PrefersExactToPrefix()
    {
        var ingress = Ingress("web", ("foo.com", "/foo", "Prefix", "web"), ("foo.com", "/foo", "Exact", "other"));

        var table = Build([ingress]);

        Assert.Equal("other", table.Find("foo.com", "/foo")?.Backend?.Service);
        Assert.Equal("web", table.Find("foo.com", "/foo/bar")?.Backend?.Service);
    }

    public static TheoryData<string, string?> Hosts => new()
    {
        // The documentation's examples of wildcards, then precedence.
        { "bar.foo.com",     "wildcard" },
        { "baz.bar.foo.com", null },
        { "foo.com",         null },
        { "exact.foo.com",   "exact" },
        { "EXACT.foo.com.",  "exact" },
        { "foo.com.evil",    null },
        { "",                null },
    };

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Find_PrefersAnExactHost_AndAWildcardCoversOneLabel(string host, string? expected)
    {
        var table = Build([Ingress("wildcard", ("*.foo.com", "/", "Prefix", "web")), Ingress("exact", ("exact.foo.com", "/", "Prefix", "web"))]);

        Assert.Equal(expected, table.Find(host, "/")?.Ingress.Name);
    }

    [Fact]
    public void Find_FallsThroughToWildcardHostlessAndDefault_WherePathsDoNotMatch()
    {
        var last = Ingress("last") with { Spec = new IngressSpec { IngressClassName = "kubeaspire", DefaultBackend = Backend("web") } };
        var table = Build([
            Ingress("exact", ("a.foo.com", "/exact", "Prefix", "web")),
            Ingress("wildcard", ("*.foo.com", "/wildcard", "Prefix", "web")),
            Ingress("any", (null, "/any", "Prefix", "web")),
            last,
        ]);

        Assert.Equal(
            ["exact", "wildcard", "any", "last"],
            new[] { "/exact", "/wildcard", "/any", "/else" }.Select(path => table.Find("a.foo.com", path)!.Ingress.Name));
    }

    [Theory]
    [InlineData("kubeaspire", null, false, true)]
    [InlineData("nginx", null, true, false)]
    [InlineData("missing", null, true, false)]
    [InlineData(null, null, true, true)]
    [InlineData(null, null, false, false)]
    [InlineData(null, "kubeaspire", false, true)]
    [InlineData(null, "nginx", true, false)]
    public void Only_IngressesOfOurClassAreServed(string? className, string? annotation, bool oursIsDefault, bool served)
    {
        var ingress = Ingress("web", ("foo.com", "/", "Prefix", "web"));
        ingress = ingress with
        {
            Metadata = ingress.Metadata with { Annotations = annotation is null ? null : new Dictionary<string, string> { ["kubernetes.io/ingress.class"] = annotation } },
            Spec = ingress.Spec with { IngressClassName = className },
        };

        var table = Build([ingress], [Class("kubeaspire", isDefault: oursIsDefault), Class("nginx", "k8s.io/ingress-nginx")]);

        Assert.Equal(served, table.Served.Length == 1);
        Assert.Equal(served, table.Find("foo.com", "/") is not null);
    }

    [Fact]
    public void TheOlderIngress_KeepsAPathThatTwoClaim()
    {
        var newer = Ingress("a-newer", ("foo.com", "/", "Prefix", "other"));
        var older = Ingress("b-older", ("foo.com", "/", "Prefix", "web"));
        newer = newer with { Metadata = newer.Metadata with { CreationTimestamp = DateTimeOffset.UnixEpoch.AddDays(2) } };
        older = older with { Metadata = older.Metadata with { CreationTimestamp = DateTimeOffset.UnixEpoch.AddDays(1) } };

        var table = BuildAll([newer, older], [Class("kubeaspire")], []);

        Assert.Equal("b-older", table.Ingress.Find("foo.com", "/")?.Ingress.Name);
        Assert.Equal("PathTaken", Assert.Single(table.Dropped).Reason);
    }

    [Fact]
    public void ABackendThatDoesNotExist_IsARouteThatSaysWhy()
    {
        var table = BuildAll([Ingress("web", ("foo.com", "/", "Prefix", "missing"))], [Class("kubeaspire")], []);

        var route = table.Ingress.Find("foo.com", "/");
        Assert.Null(route!.Backend);
        Assert.Equal("service \"default/missing\" does not exist or has no ports", route.Problem);
        Assert.Equal("BackendNotFound", Assert.Single(table.Dropped).Reason);
    }

    [Fact]
    public void Certificates_AreFoundByServerName_AndNeverAnothersHost()
    {
        var ingress = Ingress("web", ("foo.com", "/", "Prefix", "web"));
        ingress = ingress with
        {
            Spec = ingress.Spec with
            {
                Tls = [new IngressTLS { SecretName = "tls", Hosts = ["foo.com", "*.bar.com"] }, new IngressTLS { SecretName = "missing", Hosts = ["baz.com"] }],
            },
        };

        var table = BuildAll([ingress], [Class("kubeaspire")], [TlsSecret("tls")]);

        Assert.Equal("tls", table.Ingress.FindCertificate("FOO.com")?.Secret.Name);
        Assert.Equal("tls", table.Ingress.FindCertificate("x.bar.com")?.Secret.Name);
        Assert.Null(table.Ingress.FindCertificate("bar.com"));
        Assert.Null(table.Ingress.FindCertificate("baz.com"));
        Assert.Null(table.Ingress.FindCertificate(null));
        Assert.Equal("CertificateNotFound", Assert.Single(table.Dropped).Reason);
        Assert.DoesNotContain("PRIVATE", table.Ingress.FindCertificate("foo.com")!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AnyPath_IsAnswered_WithoutThrowing()
    {
        var table = Build([Ingress("web", (null, "/a/b", "Prefix", "web"), (null, "/", "Prefix", "web"))]);
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var path = "/" + string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => "/ab%."[random.Next(5)]));
            var elements = path.TrimEnd('/') is var trimmed && (trimmed == "/a/b" || trimmed.StartsWith("/a/b/", StringComparison.Ordinal));

            // Element by element, said the slow and obvious way.
            Assert.Equal(elements ? "/a/b" : "/", table.Find("x", path)!.Path);
        }

        Assert.Equal("/", table.Find("x", new string('/', 8000))!.Path);
    }

    private static Secret TlsSecret(string name) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", ResourceVersion = "1" },
        Type = "kubernetes.io/tls",
        Data = new Dictionary<string, byte[]> { ["tls.crt"] = Encoding.ASCII.GetBytes("CERT"), ["tls.key"] = Encoding.ASCII.GetBytes("PRIVATE") },
    };

    private static IngressTable Build(IReadOnlyCollection<Ingress> ingresses, IReadOnlyCollection<IngressClass>? classes = null) =>
        BuildAll(ingresses, classes ?? [Class("kubeaspire")], []).Ingress;

    private static RoutingTable BuildAll(IReadOnlyCollection<Ingress> ingresses, IReadOnlyCollection<IngressClass> classes, IReadOnlyCollection<Secret> secrets) =>
        RoutingTableBuilder.Build(
            new RoutingInput { Services = [Service("web"), Service("other", "10.96.0.21")], Ingresses = ingresses, IngressClasses = classes, Secrets = secrets },
            new RoutingOptions());
}
