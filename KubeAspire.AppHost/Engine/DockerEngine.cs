using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KubeAspire.AppHost.Graph;
using KubeAspire.AppHost.Launching;

namespace KubeAspire.AppHost.Engine;

/// <summary>Sees to it that a Docker Engine answers: uses the one that is there, starts one where no init system would, installs one where it may.</summary>
internal sealed class DockerEngine(ClusterOptions options, Action<string> say, TimeProvider clock)
{
    /// <summary>Where the Engine listens by default.</summary>
    public const string Socket = "/var/run/docker.sock";

    /// <summary>Name of the file that says which process is the Engine that was started here.</summary>
    public const string PidFileName = "dockerd.pid";

    /// <summary>How long a started Engine may take to answer. 60 s.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private string PidPath => Path.Combine(options.RunDirectory, PidFileName);

    /// <summary>Makes an Engine answer.</summary>
    /// <returns>Null, or one sentence that says what to do.</returns>
    public async Task<string?> EnsureAsync(CancellationToken cancellationToken)
    {
        if (await AnswersAsync(cancellationToken))
        {
            return null;
        }

        if (File.Exists(Socket) && !Posix.IsRoot && CanStart("dockerd"))
        {
            return $"The Docker Engine at {Socket} does not answer this user: add the user to the group docker, or run as root.";
        }

        if (!CanStart("dockerd"))
        {
            if (!Posix.IsRoot || !File.Exists("/usr/bin/apt-get"))
            {
                return "No Docker Engine answers: install one (on Debian or Ubuntu: sudo apt-get install docker.io) and start it.";
            }

            say("installing the Docker Engine from the distribution's packages");
            if (!await RunAsync("apt-get", ["update", "-qq"], cancellationToken) || !await RunAsync("apt-get", ["install", "-y", "-qq", "docker.io"], cancellationToken))
            {
                return "Installing docker.io by apt-get failed: install a Docker Engine by hand.";
            }

            if (await AnswersAsync(cancellationToken))
            {
                return null;
            }
        }

        if (!Posix.IsRoot)
        {
            return "The Docker Engine is installed but does not run: start it (sudo systemctl start docker).";
        }

        if (Directory.Exists("/run/systemd/system"))
        {
            say("starting the Docker Engine through systemd");
            if (!await RunAsync("systemctl", ["start", "docker"], cancellationToken))
            {
                return "systemctl start docker failed: see journalctl -u docker.";
            }
        }
        else
        {
            say("starting the Docker Engine");
            Start();
        }

        var deadline = clock.GetUtcNow() + s_patience;
        while (!await AnswersAsync(cancellationToken))
        {
            if (clock.GetUtcNow() > deadline)
            {
                return $"The Docker Engine did not answer within {s_patience.TotalSeconds} s: see {LogPath}.";
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), clock, cancellationToken);
        }

        return null;
    }

    /// <summary>Ends the Engine where <see cref="EnsureAsync"/> started it.</summary>
    public Task EndAsync() => PidFile.EndAsync(PidPath, TimeSpan.FromSeconds(20), clock);

    private string LogPath => Path.Combine(options.RunDirectory, "logs", "dockerd.log");

    private void Start()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(LogPath)!);
        // exec keeps the shell's process id for dockerd itself; setsid keeps it apart from the terminal.
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/setsid", ["/bin/sh", "-c", $"exec dockerd >>'{LogPath}' 2>&1 </dev/null"]))!;
        PidFile.Write(PidPath, process.Id);
    }

    private static bool CanStart(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin").Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Whether containers or the network of this cluster are left. Where the Engine does not say, both may be.</summary>
    public static async Task<(bool Containers, bool Network)> LeftoversAsync(ClusterOptions options, CancellationToken cancellationToken)
    {
        using var client = EngineClient();
        try
        {
            var filter = Uri.EscapeDataString($$"""{"label":["kubeaspire.dev/network={{options.Network}}"]}""");
            using var containers = await client.GetAsync(new Uri($"http://docker/containers/json?all=true&filters={filter}"), cancellationToken);
            var none = containers.IsSuccessStatusCode && (await containers.Content.ReadAsStringAsync(cancellationToken)).Trim() == "[]";
            using var network = await client.GetAsync(new Uri($"http://docker/networks/{Uri.EscapeDataString(options.Network)}"), cancellationToken);
            return (!none, network.StatusCode != HttpStatusCode.NotFound);
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return (true, true);
        }
    }

    private static HttpClient EngineClient() => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancelled) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancelled);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    {
        Timeout = TimeSpan.FromSeconds(5),
    };

    private static async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var client = EngineClient();
        try
        {
            using var answer = await client.GetAsync(new Uri("http://docker/_ping"), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<bool> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardInput = true };
        info.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using var process = Process.Start(info)!;
        process.StandardInput.Close();
        await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0;
    }
}
