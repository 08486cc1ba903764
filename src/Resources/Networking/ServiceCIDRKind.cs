using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Networking.Validation;

namespace KubeAspire.Resources.Networking;

/// <summary>Rules of <c>networking.k8s.io/v1 ServiceCIDR</c>: a range that addresses of Services come from.</summary>
public sealed class ServiceCIDRKind : ResourceKind<ServiceCIDR>
{
    /// <summary>The range that the server was started with.</summary>
    public const string DefaultName = "kubernetes";

    private const int MaximumRanges = 2; // one a family

    /// <inheritdoc/>
    public override IReadOnlyList<string> GenerationFields => [];

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> Validate(ServiceCIDR value)
    {
        var errors = new FieldErrors();
        var ranges = value.Spec.Cidrs ?? [];
        if (ranges.Count == 0)
        {
            errors.Required("spec.cidrs", "at least one CIDR required");
            return errors;
        }

        if (ranges.Count > MaximumRanges)
        {
            errors.Invalid("spec.cidrs", FieldErrors.Text(ranges), "may only hold up to 2 values");
        }

        var read = ranges.Select(CidrText.Parse).ToList();
        if (read is [{ } first, { } second] && first.IsIPv6 == second.IsIPv6)
        {
            errors.Invalid("spec.cidrs", FieldErrors.Text(ranges), "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/96");
        }

        foreach (var (at, range) in read.Index())
        {
            Range(errors, ranges[at], range, $"spec.cidrs[{at}]");
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<FieldError> ValidateUpdate(ServiceCIDR value, ServiceCIDR stored)
    {
        var errors = new FieldErrors();
        var (now, before) = (value.Spec.Cidrs ?? [], stored.Spec.Cidrs ?? []);
        // A second family may be added, once; nothing else may change.
        if (now.Count != before.Count && !(now.Count == MaximumRanges && before.Count == 1))
        {
            errors.Invalid("spec.cidrs", FieldErrors.Text(now), FieldErrors.Immutable);
            return errors;
        }

        foreach (var (at, range) in before.Index())
        {
            if (now[at] != range)
            {
                errors.Invalid($"spec.cidrs[{at}]", now[at], FieldErrors.Immutable);
            }
        }

        return errors;
    }

    /// <inheritdoc/>
    protected override IEnumerable<string> WarningsFor(ServiceCIDR value)
    {
        if (value.Metadata.Name != DefaultName)
        {
            yield return $"addresses of Services come from the ServiceCIDR \"{DefaultName}\" only: nothing is allocated from others yet";
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<TableColumn> Columns { get; } = [TableColumn.Name, new("CIDRs", Description: "Ranges of addresses."), TableColumn.Age];

    /// <inheritdoc/>
    protected override IReadOnlyList<object?> Cells(ServiceCIDR value, DateTimeOffset now) =>
        [value.Metadata.Name, string.Join(',', value.Spec.Cidrs ?? []), TableCells.Age(value.Metadata.CreationTimestamp, now)];

    private static void Range(FieldErrors errors, string text, CidrText? range, string path)
    {
        if (range is null)
        {
            errors.Invalid(path, text, CidrText.Problem);
        }
        else if (range.HasHostBits)
        {
            errors.Invalid(path, text, "must not have bits set beyond the prefix length");
        }
        else if (range.Canonical != text)
        {
            errors.Invalid(path, text, $"must be in canonical form (\"{range.Canonical}\")");
        }
    }
}
