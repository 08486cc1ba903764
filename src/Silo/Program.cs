using KubeAspire.Silo.Hosting;

await using var silo = await SiloHost.StartAsync(args, CancellationToken.None);
await silo.WaitForShutdownAsync(CancellationToken.None);
