// The benchmarks, each beside its peer in the same run. usage: Bench [store] [redis] [pods] [up] [--quick]
using KubeAspire.Bench;
using KubeAspire.Bench.Store;

if (args is ["compare", var shape, .. var variants])
{
    // compare 64/1/8 "" DOTNET_GCgen0size=4000000: callers, connections and rounds, then an environment for each silo.
    var numbers = shape.Split('/').Select(number => int.Parse(number, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
    await CommitSection.CompareAsync(
        Path.Combine(Path.GetTempPath(), $"kubeaspire-bench-{Environment.ProcessId}"),
        [.. variants.Select(variant => variant.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(setting => setting.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]))],
        numbers[0], numbers[1], numbers[2]);
    return 0;
}

// Processes that a benchmark starts of this program.
switch (args)
{
    case ["hold", var folder, var count]:
        await HoldSection.HoldAsync(folder, int.Parse(count, System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    case ["serve", var port, var file]:
        await KestrelPeer.ServeAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture), file);
        return 0;
}

var quick = args.Contains("--quick");
string[] wanted = [.. args.Where(arg => arg != "--quick")];
foreach (var name in wanted.Length == 0 ? ["store", "redis", "pods", "up"] : wanted)
{
    switch (name)
    {
        case "store":
            await StoreBenchmark.RunAsync(quick);
            break;
        case "redis":
            await RedisBenchmark.RunAsync(quick);
            break;
        case "pods":
            await PodStartBenchmark.RunAsync();
            break;
        case "up":
            await StartBenchmark.RunAsync(quick);
            break;
        default:
            Console.Error.WriteLine($"no benchmark \"{name}\": there are store, redis, pods and up");
            return 2;
    }
}

return 0;
