namespace KubeAspire.ContainerRuntime;

/// <summary>A refusal that a stream can only tell by throwing.</summary>
public sealed class ContainerRuntimeException : Exception
{
    /// <summary>Wraps a refusal.</summary>
    public ContainerRuntimeException(RuntimeError error)
        : base(error.Message) => Error = error;

    /// <summary>An internal failure.</summary>
    public ContainerRuntimeException()
        : this(new RuntimeError(RuntimeErrorKind.Internal, "the container runtime failed"))
    {
    }

    /// <summary>An internal failure.</summary>
    public ContainerRuntimeException(string message)
        : this(new RuntimeError(RuntimeErrorKind.Internal, message))
    {
    }

    /// <summary>An internal failure.</summary>
    public ContainerRuntimeException(string message, Exception inner)
        : base(message, inner) => Error = new RuntimeError(RuntimeErrorKind.Internal, message);

    /// <summary>What the runtime said.</summary>
    public RuntimeError Error { get; }
}
