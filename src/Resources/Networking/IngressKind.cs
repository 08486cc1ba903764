using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Networking.Validation;

namespace KubeAspire.Resources.Networking;

/// <summary>Rules of <c>networking.k8s.io/v1 Ingress</c>: which host and path leads to which Service.</summary>
public sealed class IngressKind : ResourceKind<Ingress>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ing"];

    private const string ClassAnnotation = "kubernetes.io/ingress.class";

    /// <summary>How many hosts the table names.</summary>
    private const int MaximumShown = 3;

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject value) => value["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(Ingress value)
    {
        var errors = IngressValidation.Validate(value.Spec);
        if (string.IsNullOrEmpty(value.Metadata.ResourceVersion) && value.Spec.IngressClassName is not null && value.Annotation(ClassAnnotation) is { } annotated)
        {
            errors.Invalid($"annotations[{ClassAnnotation}]", annotated, "can not be set when the class field is also set");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(Ingress value)
    {
        if (value.Annotation(ClassAnnotation) is not null)
        {
            yield return $"annotation \"{ClassAnnotation}\" is deprecated, please use 'spec.ingressClassName' instead";
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Class", Description: "Which controller serves it."),
        new("Hosts", Description: "Hosts that it routes."),
        new("Address", Description: "Where it is reached."),
        new("Ports", Description: "Ports that it is reached on."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(Ingress value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.IngressClassName ?? value.Annotation(ClassAnnotation) ?? "<none>",
        Hosts(value.Spec.Rules ?? []),
        Addresses(value),
        value.Spec.Tls is { Count: > 0 } ? "80, 443" : "80",
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];

    private static string Hosts(IReadOnlyList<IngressRule> rules)
    {
        var hosts = rules.Select(rule => rule.Host ?? "").Where(host => host.Length > 0).ToList();
        return hosts.Count == 0 ? "*" : string.Join(',', hosts.Take(MaximumShown)) + (hosts.Count > MaximumShown ? $" + {hosts.Count - MaximumShown} more..." : "");
    }

    private static string Addresses(Ingress value) =>
        string.Join(',', (value.Status.LoadBalancer?.Ingress ?? []).Select(one => string.IsNullOrEmpty(one.Ip) ? one.Hostname : one.Ip).Where(one => !string.IsNullOrEmpty(one)).Distinct());
}
