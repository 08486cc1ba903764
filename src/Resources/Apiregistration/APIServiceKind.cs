using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Apiregistration;

/// <summary>Rules of <c>apiregistration.k8s.io/v1 APIService</c>: who serves a version of a group, this server or a Service.</summary>
public sealed class APIServiceKind : ResourceKind<APIService>
{
    /// <summary>What stands in a Service-backed APIService's condition and in the warning about it.</summary>
    public const string NotAggregated = "requests for this group and version are answered with 503: aggregation of other API servers is not built yet";

    private const int MaximumGroupPriority = 20000, MaximumVersionPriority = 1000; // kube-aggregator pkg/apis/apiregistration/validation

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["api-extensions"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override NameRule NameRule => NameRule.PathSegment;

    /// <inheritdoc/>
    public override void Default(JsonObject value) => value.Child("spec").Child("service")?.Default("port", 443);

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) =>
        value["status"] = value.Child("spec")?["service"] is null
            ? Status("True", "Local", "Local APIServices are always available")
            : Status("False", "NotAggregated", NotAggregated);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(APIService value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        var (group, version) = (spec.Group ?? "", spec.Version ?? "");
        if (value.Metadata.Name != $"{version}.{group}")
        {
            errors.Invalid("metadata.name", value.Metadata.Name, $"must be `spec.version+\".\"+spec.group`: \"{version}.{group}\"");
        }

        if (group.Length > 0)
        {
            errors.Invalid("spec.group", group, Names.IsDnsSubdomain(group));
        }
        else if (version != "v1")
        {
            errors.Required("spec.group", "only v1 may have an empty group and it better be legacy kube");
        }

        errors.Invalid("spec.version", version, Names.IsDns1035Label(version));
        if (spec.GroupPriorityMinimum is <= 0 or > MaximumGroupPriority)
        {
            errors.Invalid("spec.groupPriorityMinimum", FieldErrors.Text(spec.GroupPriorityMinimum), "must be positive and less than 20000");
        }

        if (spec.VersionPriority is <= 0 or > MaximumVersionPriority)
        {
            errors.Invalid("spec.versionPriority", FieldErrors.Text(spec.VersionPriority), "must be positive and less than 1000");
        }

        Backend(errors, spec);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(APIService value)
    {
        if (value.Spec.Service is not null)
        {
            yield return NotAggregated;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Service", Description: "Who serves it: Local for this server."),
        new("Available", Description: "Whether it is served."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(APIService value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.Service is { } service ? $"{service.Namespace}/{service.Name}" : "Local",
        Available(value.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Available")),
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];

    private static string Available(APIServiceCondition? condition) => condition switch
    {
        null => "Unknown",
        { Status: "True" } => "True",
        _ => $"{condition.Status} ({condition.Reason})",
    };

    private static void Backend(FieldErrors errors, APIServiceSpec spec)
    {
        var skips = spec.InsecureSkipTLSVerify == true;
        if (spec.Service is not { } service)
        {
            if (spec.CaBundle is { Length: > 0 } bundle)
            {
                errors.Invalid("spec.caBundle", $"{bundle.Length} bytes", "local APIServices may not have a caBundle");
            }

            if (skips)
            {
                errors.Invalid("spec.insecureSkipTLSVerify", "true", "local APIServices may not have insecureSkipTLSVerify");
            }

            return;
        }

        if (string.IsNullOrEmpty(service.Namespace))
        {
            errors.Required("spec.service.namespace");
        }

        if (string.IsNullOrEmpty(service.Name))
        {
            errors.Required("spec.service.name");
        }

        if (service.Port is { } port)
        {
            errors.Invalid("spec.service.port", FieldErrors.Text(port), Names.IsPortNumber(port).Select(problem => "port is not valid: " + problem));
        }

        if (skips && spec.CaBundle is { Length: > 0 })
        {
            errors.Invalid("spec.insecureSkipTLSVerify", "true", "may not be true if caBundle is present");
        }
    }

    private static JsonObject Status(string status, string reason, string message) => new()
    {
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Available", ["status"] = status, ["reason"] = reason, ["message"] = message }),
    };
}
