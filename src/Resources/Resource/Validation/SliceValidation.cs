using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Resource.Validation;

/// <summary>What a slice may offer.</summary>
internal static class SliceValidation
{
    private const int MaximumDevices = 128, MaximumProperties = 32, MaximumCounterSets = 8, MaximumTaints = 16;
    private const int MaximumText = 64; // characters of a text or version attribute
    private const string OneWhere = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";

    private static readonly string[] s_effects = ["NoExecute", "NoSchedule", "None"];

    public static FieldErrors Validate(ResourceSliceSpec spec)
    {
        var errors = new FieldErrors();
        DeviceValidation.Driver(errors, "spec.driver", spec.Driver);
        DeviceValidation.Pool(errors, "spec.pool.name", spec.Pool.Name);
        if (spec.Pool.ResourceSliceCount <= 0)
        {
            errors.Invalid("spec.pool.resourceSliceCount", FieldErrors.Text(spec.Pool.ResourceSliceCount), "must be greater than zero");
        }

        errors.NotNegative("spec.pool.generation", spec.Pool.Generation);
        Where(errors, spec);
        errors.TooMany("spec.devices", spec.Devices?.Count, MaximumDevices);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, device) in (spec.Devices ?? []).Index())
        {
            Device(errors, device, $"spec.devices[{at}]", names);
        }

        Counters(errors, spec.SharedCounters);
        return errors;
    }

    private static void Where(FieldErrors errors, ResourceSliceSpec spec)
    {
        List<string> given = [];
        if (spec.NodeName is { } node)
        {
            given.Add("`nodeName`");
            errors.RequireName("spec.nodeName", node, Names.IsDnsSubdomain);
        }

        if (spec.NodeSelector is not null)
        {
            given.Add("`nodeSelector`");
            if (spec.NodeSelector.NodeSelectorTerms.Count != 1)
            {
                errors.Invalid("spec.nodeSelector.nodeSelectorTerms", FieldErrors.Text(spec.NodeSelector.NodeSelectorTerms.Count), "must have exactly one node selector term");
            }
        }

        foreach (var (name, flag) in new[] { ("allNodes", spec.AllNodes), ("perDeviceNodeSelection", spec.PerDeviceNodeSelection) })
        {
            if (flag == true)
            {
                given.Add($"`{name}`");
            }
            else if (flag == false)
            {
                errors.Invalid($"spec.{name}", "false", "must be either unset or set to true");
            }
        }

        if (given.Count == 0)
        {
            errors.Required("spec", OneWhere);
        }
        else if (given.Count > 1)
        {
            errors.Invalid("spec", $"{{{string.Join(", ", given)}}}", OneWhere);
        }
    }

    private static void Device(FieldErrors errors, Device device, string path, HashSet<string> names)
    {
        errors.RequireName($"{path}.name", device.Name, Names.IsDnsLabel);
        if (device.Name.Length > 0 && !names.Add(device.Name))
        {
            errors.Duplicate($"{path}.name", device.Name);
        }

        var (attributes, capacity) = (device.Attributes ?? new Dictionary<string, DeviceAttribute>(), device.Capacity ?? new Dictionary<string, DeviceCapacity>());
        if (attributes.Count + capacity.Count > MaximumProperties)
        {
            errors.Invalid(path, FieldErrors.Text(attributes.Count + capacity.Count), $"the total number of attributes and capacities must not exceed {MaximumProperties}");
        }

        foreach (var (name, attribute) in attributes)
        {
            DeviceValidation.Qualified(errors, $"{path}.attributes", name);
            Attribute(errors, attribute, $"{path}.attributes[{name}]");
        }

        foreach (var name in capacity.Keys)
        {
            DeviceValidation.Qualified(errors, $"{path}.capacity", name);
        }

        errors.TooMany($"{path}.taints", device.Taints?.Count, MaximumTaints);
        foreach (var (at, taint) in (device.Taints ?? []).Index())
        {
            errors.RequireName($"{path}.taints[{at}].key", taint.Key, Names.IsQualifiedName);
            errors.Invalid($"{path}.taints[{at}].value", taint.Value ?? "", Names.IsLabelValue(taint.Value ?? ""));
            errors.RequireOneOf($"{path}.taints[{at}].effect", taint.Effect, s_effects);
        }
    }

    private static void Attribute(FieldErrors errors, DeviceAttribute attribute, string path)
    {
        object?[] values =
            [attribute.Bool, attribute.Int, attribute.String, attribute.Version, attribute.Bools, attribute.Ints, attribute.Strings, attribute.Versions];
        switch (values.Count(value => value is not null))
        {
            case 0:
                errors.Required(path, "exactly one value must be specified");
                break;
            case > 1:
                errors.Invalid(path, JsonComparison.Text(attribute), "exactly one value must be specified");
                break;
        }

        foreach (var (name, text) in new[] { ("string", attribute.String), ("version", attribute.Version) })
        {
            if (text?.Length > MaximumText)
            {
                errors.Add(FieldError.TooLong($"{path}.{name}", MaximumText));
            }
        }
    }

    private static void Counters(FieldErrors errors, IReadOnlyList<CounterSet>? sets)
    {
        errors.TooMany("spec.sharedCounters", sets?.Count, MaximumCounterSets);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, set) in (sets ?? []).Index())
        {
            var path = $"spec.sharedCounters[{at}]";
            errors.RequireName($"{path}.name", set.Name, Names.IsDnsLabel);
            if (set.Name.Length > 0 && !names.Add(set.Name))
            {
                errors.Duplicate($"{path}.name", set.Name);
            }

            if (set.Counters.Count == 0)
            {
                errors.Required($"{path}.counters");
            }

            foreach (var name in set.Counters.Keys)
            {
                errors.Invalid($"{path}.counters", name, Names.IsDnsLabel(name));
            }
        }
    }
}
