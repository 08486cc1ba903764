using KubeAspire.AppHost.Graph;

namespace KubeAspire.AppHost.Commands;

/// <summary>No command: the graph in the foreground, under Aspire where that can run it, otherwise by our launcher.</summary>
internal static partial class RunCommand
{
    /// <summary>Whether Aspire's packages restored when this was built.</summary>
    public static bool HasAspire { get; } = typeof(RunCommand).Assembly.GetType("KubeAspire.AppHost.Aspire.AspireGraph") is not null;

    /// <param name="arguments">Aspire's own, such as <c>--publisher manifest --output-path FILE</c>.</param>
    /// <param name="options">The cluster.</param>
    /// <param name="clock">The clock.</param>
    public static Task<int> RunAsync(string[] arguments, ClusterOptions options, TimeProvider clock)
    {
        if (!HasAspire && arguments.Length > 0)
        {
            Console.Error.WriteLine($"{arguments[0]} is for Aspire, whose packages did not restore when this was built.");
            return Task.FromResult(2);
        }

        Task<int>? running = null;
        UseAspire(arguments, options, clock, ref running);
        return running ?? new UpCommand(options, clock).RunAsync(showLogs: true);
    }

    // In the folder Aspire, which is compiled where Aspire restores; elsewhere there is nothing to call.
    static partial void UseAspire(string[] arguments, ClusterOptions options, TimeProvider clock, ref Task<int>? running);
}
