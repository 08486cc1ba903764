using KubeAspire.Silo.Hosting;

if (await ClusterVerbs.TryRunAsync(args, CancellationToken.None) is { } exitCode)
{
    return exitCode;
}

await using var silo = await SiloHost.StartAsync(args, CancellationToken.None);
await silo.WaitForShutdownAsync(CancellationToken.None);
return 0;
