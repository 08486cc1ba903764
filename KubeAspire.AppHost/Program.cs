using KubeAspire.AppHost.Commands;
using KubeAspire.AppHost.Engine;
using KubeAspire.AppHost.Graph;

try
{
    var options = ClusterOptions.FromEnvironment();
    var clock = TimeProvider.System;
    return args switch
    {
        [] => await RunCommand.RunAsync(args, options, clock),
        ["up"] => await new UpCommand(options, clock).RunAsync(showLogs: false),
        ["up", "--logs"] => await new UpCommand(options, clock).RunAsync(showLogs: true),
        ["up", "--detach"] => await new UpCommand(options, clock).RunDetachedAsync(),
        ["down"] => await new DownCommand(options, clock).RunAsync(purge: false),
        ["down", "--purge"] => await new DownCommand(options, clock).RunAsync(purge: true),
        ["backup", var file] => await new BackupCommand(options, clock).RunAsync(file),
        ["restore", var file] => await new RestoreCommand(options, clock).RunAsync(file),
        ["engine", "start"] => await EngineAsync(options, clock),
        ["engine", "stop"] => await EndEngineAsync(options, clock),
        ["--publisher" or "--operation", ..] => await RunCommand.RunAsync(args, options, clock),
        _ => Usage(),
    };
}
catch (FormatException error)
{
    Console.Error.WriteLine(error.Message);
    return 2;
}

// A Docker Engine for the tests: the same steps as for a cluster, without one.
static async Task<int> EngineAsync(ClusterOptions options, TimeProvider clock)
{
    if (await new DockerEngine(options, Console.WriteLine, clock).EnsureAsync(CancellationToken.None) is not { } advice)
    {
        return 0;
    }

    Console.Error.WriteLine(advice);
    return 1;
}

static async Task<int> EndEngineAsync(ClusterOptions options, TimeProvider clock)
{
    await new DockerEngine(options, Console.WriteLine, clock).EndAsync();
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine("usage: KubeAspire.AppHost [up [--logs | --detach] | down [--purge] | backup FILE | restore FILE | engine start | engine stop | --publisher manifest --output-path FILE]");
    return 2;
}
