using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Rules of <c>v1 PodTemplate</c>: a template on its own.</summary>
public sealed class PodTemplateKind : ResourceKind<PodTemplate>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void Default(JsonObject value)
    {
        if (value.Child("template") is { } template)
        {
            PodDefaults.ApplyTemplate(template);
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(PodTemplate value)
    {
        var errors = new FieldErrors();
        TemplateValidation.Validate(errors, value.Template ?? new(), "template");
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(PodTemplate value) => PodWarnings.For(value.Template?.Spec, "template.spec");

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.Name,
        new("Containers", Description: "Names of the containers."),
        new("Images", Description: "Images of the containers."),
        new("Pod Labels", Description: "Labels of the pods."),
    ];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(PodTemplate value, DateTimeOffset now) =>
    [
        value.Metadata.Name,
        TemplateCells.Containers(value.Template),
        TemplateCells.Images(value.Template),
        LabelSelectorText.OrNone(value.Template?.Metadata.Labels),
    ];
}
