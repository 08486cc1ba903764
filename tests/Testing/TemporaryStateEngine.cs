using KubeAspire.StateStore;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Testing;

/// <summary>A real embedded engine on a directory of its own, which goes with it.</summary>
public sealed class TemporaryStateEngine : IAsyncDisposable
{
    private readonly DirectoryInfo _directory;
    private readonly TimeProvider _clock;
    private readonly StateStoreOptions _options;

    private TemporaryStateEngine(DirectoryInfo directory, StateStoreOptions options, TimeProvider clock, EmbeddedStateEngine engine) =>
        (_directory, _options, _clock, Engine) = (directory, options, clock, engine);

    /// <summary>The engine.</summary>
    public EmbeddedStateEngine Engine { get; private set; }

    /// <summary>Where its data is.</summary>
    public string Directory => _directory.FullName;

    /// <summary>Opens an empty store.</summary>
    /// <param name="clock">The engine's clock; null for the system's.</param>
    /// <param name="configure">Changes options; the directory is set already.</param>
    public static async Task<TemporaryStateEngine> OpenAsync(TimeProvider? clock = null, Action<StateStoreOptions>? configure = null)
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("kubeaspire-store-");
        var options = new StateStoreOptions { Directory = directory.FullName };
        configure?.Invoke(options);
        clock ??= TimeProvider.System;
        var engine = await EmbeddedStateEngine.OpenAsync(options, NullLoggerFactory.Instance, clock, CancellationToken.None);
        return new TemporaryStateEngine(directory, options, clock, engine);
    }

    /// <summary>Closes the engine and opens it again on the same data.</summary>
    public async Task<EmbeddedStateEngine> ReopenAsync()
    {
        await Engine.DisposeAsync();
        return Engine = await EmbeddedStateEngine.OpenAsync(_options, NullLoggerFactory.Instance, _clock, CancellationToken.None);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
