// The benchmarks, each beside its peer in the same run. usage: Bench [create] [pods]
using KubeAspire.Bench;

var wanted = args.Length == 0 ? ["create", "pods"] : args;
foreach (var name in wanted)
{
    switch (name)
    {
        case "create":
            await CreateBenchmark.RunAsync();
            break;
        case "pods":
            await PodStartBenchmark.RunAsync();
            break;
        default:
            Console.Error.WriteLine($"no benchmark \"{name}\": there are create and pods");
            return 2;
    }
}

return 0;
