using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>Judges custom resources by the value validations of their version's schema, in upstream's words.</summary>
/// <remarks>
/// Everything of a structural schema but <c>x-kubernetes-validations</c>: those are kept and not enforced. Give it objects after pruning and
/// defaulting. Immutable; safe to share. Upstream: apiextensions-apiserver pkg/apiserver/validation, pkg/apiserver/schema/{listtype,objectmeta},
/// kube-openapi pkg/validation/validate.
/// </remarks>
/// <param name="root">The version's <c>openAPIV3Schema</c>; null allows everything.</param>
public sealed class CustomResourceValidator(JSONSchemaProps? root)
{
    private readonly Lazy<ValueRules?> _rules = new(() => root is null ? null : ValueRules.Of(root));

    /// <summary>Every broken rule of a new object.</summary>
    public IEnumerable<FieldError> Validate(JsonObject value) => Judge(value, null);

    /// <summary>
    /// Every broken rule of a change that the change brings: a broken rule of a value that is as it was stored is let pass
    /// (ratcheting), wherever old and new value can be matched: properties, keys of maps, items of list-maps by their keys.
    /// </summary>
    public IEnumerable<FieldError> ValidateUpdate(JsonObject value, JsonObject stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return Judge(value, stored);
    }

    private List<FieldError> Judge(JsonObject value, JsonObject? stored)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (_rules.Value is not { } rules)
        {
            return [];
        }

        var verdict = new Verdict();
        ValueValidation.Validate(value, stored, stored is not null, rules, verdict);
        var errors = verdict.Errors;
        if (rules.HasEmbedded)
        {
            EmbeddedResources.Validate(value, rules, "", errors);
        }

        if (rules.HasListRules && (stored is null || ListTypes.AreUnique(stored, rules)))
        {
            ListTypes.Validate(value, rules, "", errors);
        }

        return errors;
    }
}
