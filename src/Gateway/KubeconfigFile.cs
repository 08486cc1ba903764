using Microsoft.Extensions.Logging;

namespace KubeAspire.Gateway;

/// <summary>The kubeconfig, which the control plane writes when it starts for the first time.</summary>
internal static class KubeconfigFile
{
    /// <summary>How long the file may take to appear. 60 s: then the attempt to read it says what is missing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until the file exists.</summary>
    public static async Task WaitAsync(string path, TimeProvider clock, ILogger logger)
    {
        var started = clock.GetTimestamp();
        if (!File.Exists(path))
        {
            logger.WaitingForKubeconfig(path);
        }

        while (!File.Exists(path) && clock.GetElapsedTime(started) < Patience)
        {
            await Task.Delay(Interval, clock);
        }
    }
}
