namespace KubeAspire.Client.Rest;

/// <summary>A kubeconfig that cannot be used; the message says why.</summary>
public sealed class KubeconfigException : Exception
{
    /// <summary>With its reason.</summary>
    public KubeconfigException(string message)
        : base(message)
    {
    }

    /// <summary>With its reason and what caused it.</summary>
    public KubeconfigException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>Without a reason.</summary>
    public KubeconfigException()
    {
    }
}
