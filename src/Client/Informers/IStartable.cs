namespace KubeAspire.Client.Informers;

/// <summary>What the factory needs of an informer, whatever its record.</summary>
internal interface IStartable
{
    bool Started { get; }

    Task Synced { get; }

    void Start(CancellationToken cancellationToken);

    void Stop();
}
