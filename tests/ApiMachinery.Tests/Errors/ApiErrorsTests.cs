using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ApiMachinery.Tests.Errors;

public sealed class ApiErrorsTests
{
    private static readonly ResourceType s_pods = new("", "v1", "Pod", "pods", true);
    private static readonly ResourceType s_deployments = new("apps", "v1", "Deployment", "deployments", true);

    public static TheoryData<ApiError, int, string> Messages => new()
    {
        { ApiErrors.NotFound(s_pods, "x"), 404, "pods \"x\" not found" },
        { ApiErrors.NotFound(s_deployments, "x"), 404, "deployments.apps \"x\" not found" },
        { ApiErrors.AlreadyExists(s_pods, "x"), 409, "pods \"x\" already exists" },
        { ApiErrors.Conflict(s_pods, "x"), 409, "Operation cannot be fulfilled on pods \"x\": the object has been modified; please apply your changes to the latest version and try again" },
        { ApiErrors.Invalid(s_pods, "x", [FieldError.Required("spec.containers")]), 422, "Pod \"x\" is invalid: spec.containers: Required value" },
        { ApiErrors.Invalid(s_deployments, "x", [FieldError.Required("spec.a"), FieldError.Forbidden("spec.b", "no")]), 422, "Deployment.apps \"x\" is invalid: [spec.a: Required value, spec.b: Forbidden: no]" },
        { ApiErrors.ForbiddenTo("u", "list", "", "pods", null, "default", null), 403, "pods is forbidden: User \"u\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"" },
        { ApiErrors.ForbiddenTo("u", "get", "apps", "deployments", "scale", null, "x"), 403, "deployments.apps \"x\" is forbidden: User \"u\" cannot get resource \"deployments/scale\" in API group \"apps\" at the cluster scope" },
        { ApiErrors.ForbiddenPath("u", "get", "/metrics"), 403, "forbidden: User \"u\" cannot get path \"/metrics\"" },
        { ApiErrors.Unauthorized(), 401, "Unauthorized" },
        { ApiErrors.TooOldResourceVersion(1, 5), 410, "too old resource version: 1 (5)" },
        { ApiErrors.TooLarge(3145728), 413, "Request entity too large: limit is 3145728" },
        { ApiErrors.TooLargeResourceVersion(9, 5), 504, "Timeout: Too large resource version: 9, current: 5" },
        { ApiErrors.MethodNotAllowed(s_pods, "create"), 405, "create is not supported on resources of kind \"pods\"" },
        { ApiErrors.NotAcceptable("application/json", "application/yaml"), 406, "only the following media types are accepted: application/json, application/yaml" },
        { ApiErrors.UnsupportedMediaType("application/json"), 415, "the body of the request was in an unknown format - accepted media types include: application/json" },
        { ApiErrors.StrictDecoding("Deployment", "v1", ["unknown field \"spec.foo\"", "duplicate field \"spec.bar\""]), 400,
          "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.foo\", duplicate field \"spec.bar\"" },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Message_IsUpstreams_AndStatusCarriesIt(ApiError error, int code, string message)
    {
        Assert.Equal((code, message), (error.Code, error.Message));

        var status = StatusFactory.From(error);
        Assert.Equal(("Failure", code, message, error.Reason.ToString()), (status.StatusValue, status.Code, status.Message, status.Reason));

        var back = StatusFactory.FromStatus(status);
        Assert.Equal((error.Reason, error.Message, error.Code, error.Causes.Count, error.RetryAfterSeconds), (back.Reason, back.Message, back.Code, back.Causes.Count, back.RetryAfterSeconds));
    }

    [Fact]
    public void Details_NameWhatWasRefused_AndEveryCause()
    {
        var details = StatusFactory.From(ApiErrors.Invalid(s_deployments, "x", [FieldError.Required("spec.a"), FieldError.Required("spec.a")])).Details!;

        Assert.Equal(("apps", "Deployment", "x", 2), (details.Group, details.Kind, details.Name, details.Causes!.Count));
        Assert.Equal(("FieldValueRequired", "Required value", "spec.a"), (details.Causes[0].Reason, details.Causes[0].Message, details.Causes[0].Field));
        Assert.Null(StatusFactory.From(ApiErrors.BadRequest("x")).Details);
    }
}
