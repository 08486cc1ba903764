using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KubeAspire.Testing.Processes;

/// <summary>A real redis-server on a free port of loopback, its data in a directory of its own; every write on disk before it is answered.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const string Program = "redis-server";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kubeaspire-redis-");
    private readonly string[] _options;
    private Process? _process;
    private bool _paused;

    private RedisServer(int port, string[] options) => (Port, _options) = (port, options);

    /// <summary>Why there is none here; null where there is one.</summary>
    public static string? WhyNot { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, Program)))
            ? null : "there is no redis-server on the PATH (Debian: apt install redis-server)";

    /// <summary>Its port, which it keeps over restarts.</summary>
    public int Port { get; }

    /// <summary>How to reach it.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>The process.</summary>
    public int ProcessId => _process!.Id;

    /// <summary>Starts a server; it answers when this returns.</summary>
    /// <param name="options">Further options, such as <c>--maxmemory 4mb</c>, word by word.</param>
    public static async Task<RedisServer> StartAsync(params string[] options)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var server = new RedisServer(((IPEndPoint)probe.LocalEndpoint).Port, options);
        probe.Stop();
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again on the same data and port.</summary>
    public async Task StartAgainAsync()
    {
        _process = Process.Start(new ProcessStartInfo(
            Program,
            [
                "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--dir", _directory.FullName, "--appendonly", "yes", "--appendfsync", "always",
                "--save", "", "--daemonize", "no", .. _options,
            ]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _ = _process.StandardOutput.ReadToEndAsync();
        _ = _process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(s_patience);
        while (await AskAsync("PING", patience.Token) != "+PONG")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, patience.Token);
        }
    }

    /// <summary>Kills it with SIGKILL, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        _paused = false;
        await _process.WaitForExitAsync();
    }

    /// <summary>Stops it where it stands: SIGSTOP.</summary>
    public void Pause()
    {
        _paused = true;
        ProcessSignals.Pause(ProcessId);
    }

    /// <summary>Lets it go on.</summary>
    public void Resume()
    {
        ProcessSignals.Resume(ProcessId);
        _paused = false;
    }

    /// <summary>Sends a command of simple words.</summary>
    /// <returns>The first line of the answer; empty where there is none.</returns>
    public async Task<string> AskAsync(string command, CancellationToken cancellationToken = default)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
            await using var stream = client.GetStream();
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(command + "\r\n"), cancellationToken);
            using var reader = new StreamReader(stream);
            return await reader.ReadLineAsync(cancellationToken) ?? "";
        }
        catch (Exception refused) when (refused is SocketException or IOException)
        {
            return "";
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_paused)
        {
            Resume();
        }

        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        _directory.Delete(recursive: true);
    }
}
