using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.AutoscalingV2;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.AutoscalingV2.Validation;

/// <summary>One metric of an autoscaler.</summary>
internal static class MetricValidation
{
    public static void Validate(FieldErrors errors, MetricSpec metric, string path)
    {
        (string Type, string Field, bool Set)[] sources =
        [
            ("ContainerResource", "containerResource", metric.ContainerResource is not null), ("External", "external", metric.External is not null),
            ("Object", "object", metric.Object is not null), ("Pods", "pods", metric.Pods is not null), ("Resource", "resource", metric.Resource is not null),
        ];
        errors.RequireOneOf($"{path}.type", metric.Type, [.. sources.Select(source => source.Type)]);
        foreach (var (type, field, set) in sources)
        {
            if (set && type != metric.Type)
            {
                errors.Forbidden($"{path}.{field}", "must populate the given metric source only");
            }
            else if (!set && type == metric.Type)
            {
                errors.Required($"{path}.{field}", $"must populate information for the given metric source");
            }
        }

        if (metric.Resource is { } resource)
        {
            errors.RequireName($"{path}.resource.name", resource.Name, _ => []);
            OfResource(errors, resource.Target, $"{path}.resource.target");
        }

        if (metric.ContainerResource is { } container)
        {
            errors.RequireName($"{path}.containerResource.name", container.Name, _ => []);
            errors.RequireName($"{path}.containerResource.container", container.Container, _ => []);
            OfResource(errors, container.Target, $"{path}.containerResource.target");
        }

        if (metric.Pods is { } pods)
        {
            Identifier(errors, pods.Metric, $"{path}.pods.metric");
            Target(errors, pods.Target, $"{path}.pods.target");
            if (pods.Target.AverageValue is null)
            {
                errors.Required($"{path}.pods.target.averageValue", "must specify a positive target averageValue");
            }
        }

        if (metric.Object is { } described)
        {
            HorizontalPodAutoscalerKind.Reference(errors, described.DescribedObject, $"{path}.object.describedObject");
            Identifier(errors, described.Metric, $"{path}.object.metric");
            Target(errors, described.Target, $"{path}.object.target");
            Either(errors, described.Target, $"{path}.object.target");
        }

        if (metric.External is { } external)
        {
            Identifier(errors, external.Metric, $"{path}.external.metric");
            Target(errors, external.Target, $"{path}.external.target");
            Either(errors, external.Target, $"{path}.external.target");
        }
    }

    private static void OfResource(FieldErrors errors, MetricTarget target, string path)
    {
        Target(errors, target, path);
        if (target is { AverageUtilization: null, AverageValue: null })
        {
            errors.Required($"{path}.averageUtilization", "must set either a target raw value or a target utilization");
        }
        else if (target is { AverageUtilization: not null, AverageValue: not null })
        {
            errors.Forbidden($"{path}.averageValue", "may not set both a target raw value and a target utilization");
        }
    }

    private static void Either(FieldErrors errors, MetricTarget target, string path)
    {
        if (target is { Value: null, AverageValue: null })
        {
            errors.Required($"{path}.averageValue", "must set either a target value for metric or a per-pod target");
        }
        else if (target is { Value: not null, AverageValue: not null })
        {
            errors.Forbidden($"{path}.value", "may not set both a target value for metric and a per-pod target");
        }
    }

    private static void Identifier(FieldErrors errors, MetricIdentifier metric, string path)
    {
        errors.RequireName($"{path}.name", metric.Name, Names.IsPathSegment);
        errors.Selector($"{path}.selector", metric.Selector);
    }

    private static void Target(FieldErrors errors, MetricTarget target, string path)
    {
        if (target.Type.Length == 0)
        {
            errors.Required($"{path}.type", "must specify a metric target type");
        }
        else if (target.Type is not ("Utilization" or "Value" or "AverageValue"))
        {
            errors.Invalid($"{path}.type", target.Type, "must be either Utilization, Value, or AverageValue");
        }

        foreach (var (name, amount) in new[] { ("value", target.Value), ("averageValue", target.AverageValue) })
        {
            if (amount is { } set && (!Quantity.TryParse(set.ToString(), out var parsed, out _) || parsed.Sign <= 0))
            {
                errors.Invalid($"{path}.{name}", set.ToString(), "must be positive");
            }
        }

        if (target.AverageUtilization < 1)
        {
            errors.Invalid($"{path}.averageUtilization", FieldErrors.Text(target.AverageUtilization.Value), "must be greater than 0");
        }
    }
}
