using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.Resources.Certificates;

namespace KubeAspire.Resources.Tests.Certificates;

public sealed class CertificateSigningRequestTests
{
    private static readonly CertificateSigningRequestKind s_kind = new();
    private static readonly string s_request = Request();

    [Fact]
    public void AGoodRequest_IsAccepted() => Assert.Empty(KindHarness.Create(s_kind, Spec(s_request, "kubernetes.io/kube-apiserver-client", """["client auth"]""")));

    [Theory]
    [InlineData("Tk8=", "PEM block type must be CERTIFICATE REQUEST")]
    [InlineData("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KQUFBQQotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K", null)]
    public void ARequestThatIsNone_IsRefused(string request, string? problem)
    {
        var error = Assert.Single(KindHarness.Create(s_kind, Spec(request, "example.com/signer", """["client auth"]""")));

        Assert.StartsWith("spec.request: Invalid value: ", error);
        Assert.EndsWith(problem ?? "", error);
    }

    [Fact]
    public void EveryOtherRule_IsTold() => Assert.Equal(
        [
            "spec.usages[1]: Duplicate value: \"signing\"",
            "spec.usages[2]: Unsupported value: \"joy\": supported values: \"any\", \"cert sign\", \"client auth\", \"code signing\", \"content commitment\", \"crl sign\", \"data encipherment\", \"decipher only\", \"digital signature\", \"email protection\", \"encipher only\", \"ipsec end system\", \"ipsec tunnel\", \"ipsec user\", \"key agreement\", \"key encipherment\", \"microsoft sgc\", \"netscape sgc\", \"ocsp signing\", \"s/mime\", \"server auth\", \"signing\", \"timestamping\"",
            "spec.signerName: Invalid value: \"signer\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
        ],
        KindHarness.Create(s_kind, Spec(s_request, "signer", """["signing","signing","joy"]""", ",\"expirationSeconds\":599")));

    [Theory]
    [InlineData("", "spec.signerName: Required value")]
    [InlineData("kubernetes.io/legacy-unknown", "spec.signerName: Invalid value: \"kubernetes.io/legacy-unknown\": the legacy signerName is not allowed via this API version")]
    [InlineData("local/name", "spec.signerName: Invalid value: \"local\": should be a domain with at least two segments separated by dots")]
    public void ASignersName_IsADomainAndAPath(string name, string expected) => Assert.Equal([expected], KindHarness.Create(s_kind, Spec(s_request, name, """["signing"]""")));

    [Fact]
    public void WhatIsAskedFor_CannotChange()
    {
        var stored = KindHarness.Parse(Spec(s_request, "example.com/a", """["signing"]"""));
        var changed = KindHarness.Parse(Spec(s_request, "example.com/b", """["signing"]"""));

        s_kind.PrepareForUpdate(changed, stored);

        KindHarness.AssertSame(stored["spec"], changed["spec"]);
    }

    [Fact]
    public void TheSigner_CannotApprove_AndTheApprover_CannotSign()
    {
        var stored = KindHarness.Parse("""{"spec":{},"status":{"conditions":[{"type":"Approved","status":"True"}]}}""");
        var signed = KindHarness.Parse("""{"spec":{},"status":{"certificate":"eA==","conditions":[{"type":"Denied","status":"True"},{"type":"Failed","status":"True"}]}}""");
        s_kind.PrepareForStatusUpdate(signed, stored);
        KindHarness.AssertSame(
            KindHarness.Parse("""{"certificate":"eA==","conditions":[{"type":"Approved","status":"True"},{"type":"Failed","status":"True"}]}"""), signed["status"]);

        var approved = KindHarness.Parse("""{"spec":{"x":1},"status":{"certificate":"eA==","conditions":[{"type":"Approved","status":"True"}]}}""");
        s_kind.PrepareForPartUpdate("approval", approved, KindHarness.Parse("""{"spec":{},"status":{}}"""));
        KindHarness.AssertSame(KindHarness.Parse("""{"spec":{},"status":{"conditions":[{"type":"Approved","status":"True"}]}}"""), approved);
    }

    public static TheoryData<string, string, string[]> StatusUpdates => new()
    {
        { "{}", """{"conditions":[{"type":"Approved","status":"True"}]}""", [] },
        { """{"conditions":[{"type":"Approved","status":"True"}]}""", "{}", ["status.conditions: Forbidden: updates may not remove a condition of type \"Approved\""] },
        {
            "{}", """{"conditions":[{"type":"Approved","status":"True"},{"type":"Denied","status":"False"},{"type":"","status":"Perhaps"}]}""",
            [
                "status.conditions[1].status: Unsupported value: \"False\": supported values: \"True\"",
                "status.conditions[1].type: Invalid value: \"Denied\": Approved and Denied conditions are mutually exclusive",
                "status.conditions[2].type: Required value",
                "status.conditions[2].status: Unsupported value: \"Perhaps\": supported values: \"False\", \"True\", \"Unknown\"",
            ]
        },
        { "{}", """{"certificate":"eA=="}""", ["status.certificate: Invalid value: \"<certificate data>\": must contain one or more PEM blocks"] },
    };

    [Theory]
    [MemberData(nameof(StatusUpdates))]
    public void AStatus_FollowsItsRules(string stored, string changed, string[] expected) => Assert.Equal(
        expected, KindHarness.Lines(s_kind.ValidateStatusUpdate(Typed(changed), Typed(stored))));

    [Fact]
    public void ACertificateOnceIssued_Stays()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256);
        using var one = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
        using var two = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(2));
        var (first, second) = (Status(one), Status(two));

        Assert.Empty(s_kind.ValidateStatusUpdate(Typed(first), Typed("{}")));
        Assert.Equal(
            ["status.certificate: Forbidden: updates may not modify existing certificate content"],
            KindHarness.Lines(s_kind.ValidateStatusUpdate(Typed(second), Typed(first))));

        static string Status(X509Certificate2 certificate) => new JsonObject { ["certificate"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(certificate.ExportCertificatePem())) }.ToJsonString();
    }

    [Theory]
    [InlineData("{}", "Pending")]
    [InlineData("""{"conditions":[{"type":"Approved"}]}""", "Approved")]
    [InlineData("""{"conditions":[{"type":"Approved"}],"certificate":"eA=="}""", "Approved,Issued")]
    [InlineData("""{"conditions":[{"type":"Denied"},{"type":"Failed"}]}""", "Denied,Failed")]
    public void TheTable_SaysHowFarItHasCome(string status, string expected) => Assert.Equal(
        ["a", "<unknown>", "example.com/s", "ann", "24h", expected],
        KindHarness.Row(s_kind, """{"metadata":{"name":"a"},"spec":{"signerName":"example.com/s","username":"ann","expirationSeconds":86400},"status":""" + status + "}"));

    private static KubeAspire.ApiMachinery.Meta.IKubernetesObject Typed(string status) => KindHarness.Typed(s_kind, KindHarness.Parse("{\"spec\":{},\"status\":" + status + "}"));

    private static string Spec(string request, string signer, string usages, string more = "") =>
        """{"metadata":{"name":"a"},"spec":{"request":""" + $"\"{request}\",\"signerName\":\"{signer}\",\"usages\":{usages}{more}}}}}";

    private static string Request()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(Encoding.ASCII.GetBytes(new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256).CreateSigningRequestPem()));
    }
}
