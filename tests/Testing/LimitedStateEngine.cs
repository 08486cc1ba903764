using KubeAspire.StateStore;
using KubeAspire.Testing.StoreDrills;

namespace KubeAspire.Testing;

/// <summary>An embedded engine on a disk in memory that has only so much room.</summary>
public sealed class LimitedStateEngine : IAsyncDisposable
{
    private readonly SimulatedDisk _disk = new();

    /// <summary>Opens an empty store with room enough.</summary>
    /// <param name="reserveBytes">What the store holds back for deletes.</param>
    public LimitedStateEngine(long reserveBytes) =>
        Engine = SimulatedEngine.Open(_disk, new StateStoreOptions { Directory = "limited", ReserveBytes = reserveBytes, AllocationBytes = 4 << 10 });

    /// <summary>The engine.</summary>
    public EmbeddedStateEngine Engine { get; }

    /// <summary>Takes away what room is left.</summary>
    public void Fill() => _disk.Capacity = _disk.Used;

    /// <summary>Gives room again.</summary>
    public void GiveRoom() => _disk.Capacity = long.MaxValue;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Engine.DisposeAsync();
}
