using KubeAspire.Client.Events;
using KubeAspire.Resources.Core;

namespace KubeAspire.Testing.Api;

/// <summary>An event recorder that only remembers.</summary>
public sealed class RecordedEvents : IEventRecorder
{
    private readonly Lock _gate = new();
    private readonly List<(ObjectReference About, string Type, string Reason, string Message)> _all = [];

    /// <summary>What was recorded, in order.</summary>
    public IReadOnlyList<(ObjectReference About, string Type, string Reason, string Message)> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _all];
            }
        }
    }

    /// <inheritdoc/>
    public void Record(ObjectReference about, string type, string reason, string message)
    {
        lock (_gate)
        {
            _all.Add((about, type, reason, message));
        }
    }
}
