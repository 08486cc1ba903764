namespace KubeAspire.ApiServer.Authentication;

/// <summary>Who asks.</summary>
/// <param name="Name">User name, such as <c>kubernetes-admin</c> or <c>system:serviceaccount:default:default</c>.</param>
/// <param name="Groups">Groups; <c>system:authenticated</c> for everybody who proved a name.</param>
public sealed record ApiUser(string Name, IReadOnlyList<string> Groups)
{
    /// <summary>The group whose members may do everything.</summary>
    public const string MastersGroup = "system:masters";

    /// <summary>The group of everybody who proved a name.</summary>
    public const string AuthenticatedGroup = "system:authenticated";

    /// <summary>The group of node agents; the user is <see cref="NodePrefix"/> and the node's name.</summary>
    public const string NodesGroup = "system:nodes";

    /// <summary>How the user name of a node agent begins.</summary>
    public const string NodePrefix = "system:node:";

    /// <summary>Nobody in particular.</summary>
    public static ApiUser Anonymous { get; } = new("system:anonymous", ["system:unauthenticated"]);

    /// <summary>The API server itself.</summary>
    public static ApiUser Server { get; } = new("system:apiserver", [MastersGroup, AuthenticatedGroup]);

    /// <summary>Stable identity of the account; empty where it has none.</summary>
    public string Uid { get; init; } = "";

    /// <summary>More facts, such as the pod that a token is bound to.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Whether authorization is not asked.</summary>
    public bool IsMaster => Groups.Contains(MastersGroup);

    /// <summary>A user who proved the name.</summary>
    public static ApiUser Named(string name, params IEnumerable<string> groups) => new(name, [.. groups, AuthenticatedGroup]);
}
