using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Resource.Validation;

/// <summary>What a claim may ask for, and what may come of it.</summary>
internal static class ClaimValidation
{
    private const int MaximumRequests = 32, MaximumConstraints = 32, MaximumAlternatives = 8, MaximumTolerations = 16, MaximumConsumers = 256, MaximumResults = 32;

    private static readonly string[] s_modes = ["All", "ExactCount"];
    private static readonly string[] s_operators = ["Equal", "Exists"];
    private static readonly string[] s_effects = ["NoExecute", "NoSchedule", "None"];

    public static FieldErrors Spec(string path, ResourceClaimSpec spec)
    {
        var errors = new FieldErrors();
        if (spec.Devices is not { } devices)
        {
            return errors;
        }

        var requests = devices.Requests ?? [];
        errors.TooMany($"{path}.devices.requests", requests.Count, MaximumRequests);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, request) in requests.Index())
        {
            Request(errors, request, $"{path}.devices.requests[{at}]", names);
        }

        errors.TooMany($"{path}.devices.constraints", devices.Constraints?.Count, MaximumConstraints);
        foreach (var (at, constraint) in (devices.Constraints ?? []).Index())
        {
            Constraint(errors, constraint, $"{path}.devices.constraints[{at}]", names);
        }

        errors.TooMany($"{path}.devices.config", devices.Config?.Count, DeviceValidation.MaximumConfigs);
        foreach (var (at, config) in (devices.Config ?? []).Index())
        {
            References(errors, config.Requests, $"{path}.devices.config[{at}].requests", names);
            DeviceValidation.Opaque(errors, $"{path}.devices.config[{at}]", config.Opaque);
        }

        return errors;
    }

    public static FieldErrors Status(ResourceClaim value, ResourceClaim stored)
    {
        var errors = new FieldErrors();
        var status = value.Status;
        if (stored.Status.Allocation is { } before && status.Allocation is not null)
        {
            errors.Unchanged("status.allocation", status.Allocation, before);
        }

        var consumers = status.ReservedFor ?? [];
        errors.TooMany("status.reservedFor", consumers.Count, MaximumConsumers);
        if (consumers.Count > 0 && status.Allocation is null)
        {
            errors.Forbidden("status.reservedFor", "may not be specified when `allocated` is not set");
        }

        var uids = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, consumer) in consumers.Index())
        {
            var path = $"status.reservedFor[{at}]";
            errors.RequireName($"{path}.resource", consumer.Resource, Names.IsPathSegment);
            errors.RequireName($"{path}.name", consumer.Name, Names.IsPathSegment);
            errors.RequireName($"{path}.uid", consumer.Uid, _ => []);
            if (consumer.Uid.Length > 0 && !uids.Add(consumer.Uid))
            {
                errors.Duplicate($"{path}.uid", consumer.Uid);
            }
        }

        var results = status.Allocation?.Devices?.Results ?? [];
        errors.TooMany("status.allocation.devices.results", results.Count, MaximumResults);
        foreach (var (at, result) in results.Index())
        {
            var path = $"status.allocation.devices.results[{at}]";
            errors.RequireName($"{path}.request", result.Request, _ => []);
            DeviceValidation.Driver(errors, $"{path}.driver", result.Driver);
            DeviceValidation.Pool(errors, $"{path}.pool", result.Pool);
            errors.RequireName($"{path}.device", result.Device, Names.IsDnsLabel);
        }

        Reported(errors, status.Devices ?? [], results);
        return errors;
    }

    private static void Reported(FieldErrors errors, IReadOnlyList<AllocatedDeviceStatus> devices, IReadOnlyList<DeviceRequestAllocationResult> results)
    {
        foreach (var (at, device) in devices.Index())
        {
            if (!results.Any(result => (result.Driver, result.Pool, result.Device) == (device.Driver, device.Pool, device.Device)))
            {
                errors.Invalid($"status.devices[{at}]", $"{device.Driver}/{device.Pool}/{device.Device}", "must be an allocated device in the claim");
            }
        }
    }

    private static void Request(FieldErrors errors, DeviceRequest request, string path, HashSet<string> names)
    {
        errors.RequireName($"{path}.name", request.Name, Names.IsDnsLabel);
        if (request.Name.Length > 0 && !names.Add(request.Name))
        {
            errors.Duplicate($"{path}.name", request.Name);
        }

        var alternatives = request.FirstAvailable ?? [];
        if (request.Exactly is null && alternatives.Count == 0)
        {
            errors.Required(path, "exactly one of `exactly` or `firstAvailable` is required");
        }
        else if (request.Exactly is not null && alternatives.Count > 0)
        {
            errors.Invalid(path, "null", "exactly one of `exactly` or `firstAvailable` is required");
        }

        if (request.Exactly is { } exactly)
        {
            Wish(errors, $"{path}.exactly", exactly.DeviceClassName, exactly.Selectors, exactly.AllocationMode, exactly.Count, exactly.Tolerations);
        }

        errors.TooMany($"{path}.firstAvailable", alternatives.Count, MaximumAlternatives);
        foreach (var (at, sub) in alternatives.Index())
        {
            errors.RequireName($"{path}.firstAvailable[{at}].name", sub.Name, Names.IsDnsLabel);
            if (sub.Name.Length > 0 && !names.Add($"{request.Name}/{sub.Name}"))
            {
                errors.Duplicate($"{path}.firstAvailable[{at}].name", sub.Name);
            }

            Wish(errors, $"{path}.firstAvailable[{at}]", sub.DeviceClassName, sub.Selectors, sub.AllocationMode, sub.Count, sub.Tolerations);
        }
    }

    private static void Wish(
        FieldErrors errors, string path, string className, IReadOnlyList<DeviceSelector>? selectors, string? mode, long? count, IReadOnlyList<DeviceToleration>? tolerations)
    {
        errors.RequireName($"{path}.deviceClassName", className, Names.IsDnsSubdomain);
        DeviceValidation.Selectors(errors, $"{path}.selectors", selectors);
        switch (mode)
        {
            case "All":
                if (count is not (null or 0))
                {
                    errors.Invalid($"{path}.count", FieldErrors.Text(count.Value), "must not be specified when allocationMode is 'All'");
                }

                break;
            case "ExactCount":
                if (count is null or <= 0)
                {
                    errors.Invalid($"{path}.count", FieldErrors.Text(count ?? 0), "must be greater than zero");
                }

                break;
            default:
                errors.Add(FieldError.NotSupported($"{path}.allocationMode", mode ?? "", s_modes));
                break;
        }

        errors.TooMany($"{path}.tolerations", tolerations?.Count, MaximumTolerations);
        foreach (var (at, toleration) in (tolerations ?? []).Index())
        {
            Toleration(errors, toleration, $"{path}.tolerations[{at}]");
        }
    }

    private static void Toleration(FieldErrors errors, DeviceToleration toleration, string path)
    {
        if (!string.IsNullOrEmpty(toleration.Key))
        {
            errors.Invalid($"{path}.key", toleration.Key, Names.IsQualifiedName(toleration.Key));
        }

        errors.RequireOneOf($"{path}.operator", toleration.Operator, s_operators);
        if (toleration.Operator == "Exists" && !string.IsNullOrEmpty(toleration.Value))
        {
            errors.Invalid($"{path}.value", toleration.Value, "must be empty for operator `Exists`");
        }
        else if (toleration.Operator == "Equal")
        {
            errors.Invalid($"{path}.value", toleration.Value ?? "", Names.IsLabelValue(toleration.Value ?? ""));
            if (string.IsNullOrEmpty(toleration.Key))
            {
                errors.Required($"{path}.key");
            }
        }

        errors.OneOf($"{path}.effect", toleration.Effect, s_effects);
    }

    private static void Constraint(FieldErrors errors, DeviceConstraint constraint, string path, HashSet<string> names)
    {
        References(errors, constraint.Requests, $"{path}.requests", names);
        if (constraint.MatchAttribute is { } match)
        {
            DeviceValidation.Qualified(errors, $"{path}.matchAttribute", match, needsDomain: true);
        }
        else if (constraint.DistinctAttribute is { } distinct)
        {
            DeviceValidation.Qualified(errors, $"{path}.distinctAttribute", distinct, needsDomain: true);
        }
        else
        {
            errors.Required(path, "one of `matchAttribute` or `distinctAttribute` must be set");
        }
    }

    private static void References(FieldErrors errors, IReadOnlyList<string>? requests, string path, HashSet<string> names)
    {
        errors.TooMany(path, requests?.Count, MaximumRequests);
        foreach (var (at, request) in (requests ?? []).Index())
        {
            if (!names.Contains(request))
            {
                errors.Invalid($"{path}[{at}]", request, "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'");
            }
        }
    }
}
