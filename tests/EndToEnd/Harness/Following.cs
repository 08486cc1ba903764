using System.Diagnostics;

namespace KubeAspire.EndToEnd.Harness;

/// <summary>A program that goes on until it is stopped (a watch, a followed log), and the lines it has printed so far.</summary>
public sealed class Following : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly Lock _gate = new();

    public Following(Cluster cluster, params string[] arguments)
    {
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("kubectl", ["--kubeconfig", cluster.Kubeconfig, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        _process.OutputDataReceived += Append;
        _process.ErrorDataReceived += Append;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What was printed so far.</summary>
    public string Text
    {
        get
        {
            lock (_gate)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>Waits until all texts were printed.</summary>
    public Task SeesAsync(params string[] texts) =>
        Eventually.IsAsync(string.Join(", ", texts), TimeSpan.FromSeconds(30), () => Task.FromResult(Text), text => texts.All(one => text.Contains(one, StringComparison.Ordinal)));

    /// <summary>Waits until the program ends by itself; its exit code.</summary>
    public async Task<int> EndsAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private void Append(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not null)
        {
            lock (_gate)
            {
                _lines.Add(line.Data);
            }
        }
    }
}
