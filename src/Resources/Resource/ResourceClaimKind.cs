using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Resource.Validation;

namespace KubeAspire.Resources.Resource;

/// <summary>Rules of <c>resource.k8s.io/v1 ResourceClaim</c>: a wish for devices. The wish cannot change; what came of it stands in the status.</summary>
public sealed class ResourceClaimKind : ResourceKind<ResourceClaim>
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    public override void Default(JsonObject value) => DeviceDefaults.Claim(value.Child("spec"));

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ResourceClaim value) => ClaimValidation.Spec("spec", value.Spec);

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(ResourceClaim value, ResourceClaim stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("spec", value.Spec, stored.Spec);
        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateStatusUpdate(ResourceClaim value, ResourceClaim stored) => ClaimValidation.Status(value, stored);

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(ResourceClaim value)
    {
        yield return "devices are not allocated yet: the claim stays pending";
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.Name, new("State", Description: "Whether devices are allocated or reserved."), TableColumn.Age];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ResourceClaim value, DateTimeOffset now) => [value.Metadata.Name, State(value), TableCells.Age(value.Metadata.CreationTimestamp, now)];

    private static string State(ResourceClaim claim)
    {
        List<string> states = [];
        if (claim.Metadata.DeletionTimestamp is not null)
        {
            states.Add("deleted");
        }

        if (claim.Status.Allocation is null)
        {
            if (states.Count == 0)
            {
                states.Add("pending");
            }
        }
        else
        {
            states.Add("allocated");
            states.AddRange(claim.Status.ReservedFor is { Count: > 0 } ? ["reserved"] : []);
        }

        return string.Join(',', states);
    }
}
