namespace KubeAspire.Testing;

/// <summary>A directory that goes with its owner.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kubeaspire-test-");

    /// <summary>Where it is.</summary>
    public string Path => _directory.FullName;

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);
}
