using System.Diagnostics.CodeAnalysis;

namespace KubeAspire.ContainerRuntime;

/// <summary>A value, or the runtime's reason for there being none. Never both, never neither.</summary>
public readonly record struct RuntimeResult<T>
    where T : class
{
    private RuntimeResult(T? value, RuntimeError? error) => (Value, Error) = (value, error);

    /// <summary>The value, when <see cref="Error"/> is null.</summary>
    public T? Value { get; }

    /// <summary>The refusal, when <see cref="Value"/> is null.</summary>
    public RuntimeError? Error { get; }

    /// <summary>Whether there is a value to use.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Error))]
    public bool Succeeded => Error is null;

#pragma warning disable CA2225, CS1591 // The two conversions are the constructors.
    public static implicit operator RuntimeResult<T>(T value) => new(value, null);

    public static implicit operator RuntimeResult<T>(RuntimeError error) => new(null, error);
#pragma warning restore CA2225, CS1591
}
