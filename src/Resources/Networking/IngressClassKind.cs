using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Networking;

/// <summary>Rules of <c>networking.k8s.io/v1 IngressClass</c>: which controller serves an Ingress.</summary>
public sealed class IngressClassKind : ResourceKind<IngressClass>
{
    private const int MaximumController = 250; // characters, as upstream's maxLenIngressClassController

    /// <inheritdoc/>
    public override void Default(JsonObject value) => value.Child("spec").Child("parameters")?.DefaultText("scope", "Cluster");

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(IngressClass value)
    {
        var errors = new FieldErrors();
        var controller = value.Spec.Controller ?? "";
        if (controller.Length > MaximumController)
        {
            errors.Add(FieldError.TooLong("spec.controller", MaximumController));
        }

        var slash = controller.IndexOf('/', StringComparison.Ordinal);
        if (controller.Length == 0)
        {
            errors.Required("spec.controller");
        }
        else if (slash <= 0 || slash == controller.Length - 1)
        {
            errors.Invalid("spec.controller", controller, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        }
        else
        {
            errors.Invalid("spec.controller", controller, Names.IsDnsSubdomain(controller[..slash]));
        }

        if (value.Spec.Parameters is { } parameters)
        {
            errors.RequireName("spec.parameters.kind", parameters.Kind, Names.IsPathSegment, "kind is required");
            errors.RequireName("spec.parameters.name", parameters.Name, Names.IsPathSegment, "name is required");
            errors.RequireOneOf("spec.parameters.scope", parameters.Scope, "Cluster", "Namespace");
            if (parameters is { Scope: "Namespace", Namespace: not { Length: > 0 } })
            {
                errors.Required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'");
            }
            else if (parameters is { Scope: "Cluster", Namespace: not null })
            {
                errors.Forbidden("spec.parameters.namespace", "`parameters.scope` is set to 'Cluster'");
            }
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(IngressClass value, IngressClass stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("spec.controller", value.Spec.Controller, stored.Spec.Controller);
        return errors;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Controller", Description: "Who serves this class."),
        new("Parameters", Description: "Where its settings are."),
        TableColumn.Age,
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(IngressClass value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        value.Spec.Controller,
        Parameters(value.Spec.Parameters),
        TableCells.Age(value.Metadata.CreationTimestamp, now),
    ];

    private static string Parameters(IngressClassParametersReference? parameters) => parameters is null
        ? "<none>"
        : string.IsNullOrEmpty(parameters.ApiGroup) ? $"{parameters.Kind}/{parameters.Name}" : $"{parameters.Kind}.{parameters.ApiGroup}/{parameters.Name}";
}
