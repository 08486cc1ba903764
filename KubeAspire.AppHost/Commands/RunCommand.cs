using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Commands;

/// <summary>No command: the graph in the foreground, under Aspire where that can run it, otherwise by our launcher.</summary>
internal static partial class RunCommand
{
    /// <param name="arguments">Aspire's own, such as <c>--operation publish --step publish-manifest --output-path DIR</c>.</param>
    /// <param name="options">The cluster.</param>
    /// <param name="clock">The clock.</param>
    public static Task<int> RunAsync(string[] arguments, ClusterOptions options, TimeProvider clock)
    {
        Func<Task<int>>? aspire = null;
        UseAspire(arguments, options, clock, ref aspire);
        if (aspire is null && arguments.Length > 0)
        {
            Console.Error.WriteLine($"{arguments[0]} is for Aspire, which this build does not have: its packages did not restore.");
            return Task.FromResult(2);
        }

        return aspire?.Invoke() ?? new UpCommand(options, clock).RunAsync(showLogs: true);
    }

    // In the folder Aspire, which is compiled where Aspire restores; elsewhere the call is not there.
    static partial void UseAspire(string[] arguments, ClusterOptions options, TimeProvider clock, ref Func<Task<int>>? run);
}
