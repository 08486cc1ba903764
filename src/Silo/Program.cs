using KubeAspire.ServiceDefaults;
using KubeAspire.Silo.Hosting;

if (await ClusterVerbs.TryRunAsync(args, CancellationToken.None) is { } exitCode)
{
    return exitCode;
}

var notice = ReadyNotice.Take();
await using var silo = await SiloHost.StartAsync(args, CancellationToken.None);
notice.Send();
await silo.WaitForShutdownAsync(CancellationToken.None);
return 0;
