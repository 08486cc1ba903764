using System.Net;

namespace KubeAspire.Gateway.Listeners;

/// <summary>An open listener of a service port. Closing it leaves its connections alone.</summary>
internal interface IServiceSocket : IAsyncDisposable
{
    /// <summary>Where it listens.</summary>
    IPEndPoint Address { get; }
}
