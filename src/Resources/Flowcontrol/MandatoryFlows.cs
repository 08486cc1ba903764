namespace KubeAspire.Resources.Flowcontrol;

/// <summary>The schemas and levels that every cluster has and whose spec nobody may change.</summary>
/// <remarks>k8s.io/apiserver pkg/apis/flowcontrol/bootstrap. Shares and lendable percent of the exempt level are free.</remarks>
public static class MandatoryFlows
{
    /// <summary>What is never made to wait.</summary>
    public const string Exempt = "exempt";

    /// <summary>What no other schema matches.</summary>
    public const string CatchAll = "catch-all";

    private static readonly string[] s_any = ["*"];

    /// <summary>The spec of a mandatory schema; null for every other name.</summary>
    public static FlowSchemaSpec? Schema(string? name) => name switch
    {
        Exempt => new()
        {
            PriorityLevelConfiguration = new() { Name = Exempt },
            MatchingPrecedence = 1,
            Rules = [Everything(Group("system:masters"))],
        },
        CatchAll => new()
        {
            PriorityLevelConfiguration = new() { Name = CatchAll },
            MatchingPrecedence = 10000,
            DistinguisherMethod = new() { Type = "ByUser" },
            Rules = [Everything(Group("system:unauthenticated"), Group("system:authenticated"))],
        },
        _ => null,
    };

    /// <summary>The spec of a mandatory level; null for every other name.</summary>
    public static PriorityLevelConfigurationSpec? Level(string? name) => name switch
    {
        CatchAll => new()
        {
            Type = "Limited",
            Limited = new() { NominalConcurrencyShares = 5, LendablePercent = 0, LimitResponse = new() { Type = "Reject" } },
        },
        _ => null,
    };

    /// <summary>A rule that matches every request of some subjects.</summary>
    public static PolicyRulesWithSubjects Everything(params IReadOnlyList<Subject> subjects) => new()
    {
        Subjects = subjects,
        ResourceRules = [new() { Verbs = s_any, ApiGroups = s_any, Resources = s_any, ClusterScope = true, Namespaces = s_any }],
        NonResourceRules = [new() { Verbs = s_any, NonResourceURLs = s_any }],
    };

    /// <summary>A group as a subject.</summary>
    public static Subject Group(string name) => new() { Kind = "Group", Group = new() { Name = name } };

    /// <summary>A user as a subject.</summary>
    public static Subject User(string name) => new() { Kind = "User", User = new() { Name = name } };

    /// <summary>A service account as a subject; <c>*</c> for all of a namespace.</summary>
    public static Subject ServiceAccount(string ns, string name) => new() { Kind = "ServiceAccount", ServiceAccount = new() { Namespace = ns, Name = name } };
}
