using System.Text.Json.Nodes;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Admissionregistration;

/// <summary>What webhooks and policies set where a field is absent.</summary>
/// <remarks>Upstream's pkg/apis/admissionregistration/v1/defaults.go.</remarks>
internal static class AdmissionDefaults
{
    /// <summary>What the kinds of this group that ask others say, until somebody asks.</summary>
    public const string NotEnforcedWebhooks = "admission webhooks are stored but not called yet";

    /// <summary>What the kinds of this group that hold expressions say, until somebody runs them.</summary>
    public const string NotEnforcedPolicies = "admission policies are stored but not enforced yet";

    public static void Webhooks(JsonObject value, bool mutating)
    {
        foreach (var hook in value.Items("webhooks"))
        {
            hook.Default("failurePolicy", "Fail");
            hook.Default("matchPolicy", "Equivalent");
            hook.Default("namespaceSelector", new JsonObject());
            hook.Default("objectSelector", new JsonObject());
            hook.Default("timeoutSeconds", 10);
            if (mutating)
            {
                hook.Default("reinvocationPolicy", "Never");
            }

            hook.Child("clientConfig").Child("service")?.Default("port", 443);
            Scopes(hook.Items("rules"));
        }
    }

    public static void Match(JsonObject? match)
    {
        if (match is null)
        {
            return;
        }

        match.Default("matchPolicy", "Equivalent");
        match.Default("namespaceSelector", new JsonObject());
        match.Default("objectSelector", new JsonObject());
        Scopes(match.Items("resourceRules").Concat(match.Items("excludeResourceRules")));
    }

    private static void Scopes(IEnumerable<JsonObject> rules)
    {
        foreach (var rule in rules)
        {
            rule.Default("scope", "*");
        }
    }
}
