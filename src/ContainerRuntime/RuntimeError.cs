namespace KubeAspire.ContainerRuntime;

/// <summary>Why a container runtime refused, by what the caller can do about it.</summary>
public enum RuntimeErrorKind
{
    /// <summary>The runtime failed for a reason of its own; trying again may help.</summary>
    Internal,

    /// <summary>What was asked for makes no sense to the runtime; trying the same again does not help.</summary>
    Invalid,

    /// <summary>No container, image or network of that name.</summary>
    NotFound,

    /// <summary>The name is taken, or the state does not allow it.</summary>
    Conflict,

    /// <summary>The registry wants other credentials.</summary>
    Unauthorized,

    /// <summary>The runtime cannot be reached.</summary>
    Unavailable,

    /// <summary>No answer within the time allowed; it may still happen.</summary>
    Timeout,
}

/// <summary>An expected refusal of the container runtime. Returned, not thrown.</summary>
/// <param name="Kind">What the caller can do about it.</param>
/// <param name="Message">The runtime's own words: users search for them.</param>
public sealed record RuntimeError(RuntimeErrorKind Kind, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => Message;
}
