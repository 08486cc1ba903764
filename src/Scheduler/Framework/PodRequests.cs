using KubeAspire.Resources.Core;

namespace KubeAspire.Scheduler.Framework;

/// <summary>What a pod asks a node for.</summary>
/// <remarks>
/// k8s.io/component-helpers resource.PodRequests: the containers run together, an init container runs alone beside the restartable
/// ones (sidecars) started before it, so the pod needs the larger of the two, plus its overhead. Requests of the pod as a whole go
/// before those of its containers.
/// </remarks>
public static class PodRequests
{
    /// <summary>CPU that scoring assumes of a container that asks for none. 100 thousandths, upstream's DefaultMilliCPURequest.</summary>
    public const long AssumedMilliCpu = 100;

    /// <summary>Memory that scoring assumes of a container that asks for none. 200 MiB, upstream's DefaultMemoryRequest.</summary>
    public const long AssumedMemory = 200L << 20;

    /// <summary>What the pod asks for.</summary>
    public static ResourceAmounts Of(PodSpec spec) => Sum(spec, static container => ResourceAmounts.Of(container.Resources?.Requests));

    /// <summary>What scoring counts: containers that ask for nothing are not taken to use nothing.</summary>
    public static ResourceAmounts AssumedOf(PodSpec spec) => Sum(spec, static container =>
    {
        var amounts = ResourceAmounts.Of(container.Resources?.Requests);
        return amounts with
        {
            MilliCpu = Asks(container, ResourceAmounts.Cpu) ? amounts.MilliCpu : AssumedMilliCpu,
            Memory = Asks(container, ResourceAmounts.MemoryName) ? amounts.Memory : AssumedMemory,
        };
    });

    private static bool Asks(Container container, string resource) => container.Resources?.Requests?.ContainsKey(resource) == true;

    private static ResourceAmounts Sum(PodSpec spec, Func<Container, ResourceAmounts> requestsOf)
    {
        ResourceAmounts running = default, sidecars = default, starting = default;
        foreach (var container in spec.Containers)
        {
            running += requestsOf(container);
        }

        foreach (var container in spec.InitContainers ?? [])
        {
            var requests = requestsOf(container);
            if (container.RestartPolicy == "Always")
            {
                sidecars += requests;
                running += requests;
                starting = ResourceAmounts.Max(starting, sidecars);
            }
            else
            {
                starting = ResourceAmounts.Max(starting, sidecars + requests);
            }
        }

        var total = ResourceAmounts.Max(running, starting);
        if (spec.Resources?.Requests is { Count: > 0 } whole)
        {
            var pod = ResourceAmounts.Of(whole);
            total = total with
            {
                MilliCpu = whole.ContainsKey(ResourceAmounts.Cpu) ? pod.MilliCpu : total.MilliCpu,
                Memory = whole.ContainsKey(ResourceAmounts.MemoryName) ? pod.Memory : total.Memory,
            };
        }

        return spec.Overhead is { Count: > 0 } overhead ? total + ResourceAmounts.Of(overhead) : total;
    }
}
