using KubeAspire.ApiMachinery.Quantities;

namespace KubeAspire.Scheduler.Framework;

/// <summary>Amounts of resources as whole numbers, so that adding and comparing them costs nothing. Immutable.</summary>
/// <param name="MilliCpu">Thousandths of a CPU.</param>
/// <param name="Memory">Bytes.</param>
/// <param name="EphemeralStorage">Bytes.</param>
/// <param name="Others">Everything else by name, such as <c>nvidia.com/gpu</c> or <c>hugepages-2Mi</c>; null for nothing. Never changed once here.</param>
public readonly record struct ResourceAmounts(long MilliCpu, long Memory, long EphemeralStorage, IReadOnlyDictionary<string, long>? Others = null)
{
    /// <summary>CPU by its resource name.</summary>
    public const string Cpu = "cpu";

    /// <summary>Memory by its resource name.</summary>
    public const string MemoryName = "memory";

    /// <summary>Local storage by its resource name.</summary>
    public const string EphemeralStorageName = "ephemeral-storage";

    /// <summary>The number of pods by its resource name; not counted here.</summary>
    public const string Pods = "pods";

    /// <summary>The amounts of a resource list. Null is nothing; a text that is no quantity counts as nothing, for validation came before.</summary>
    public static ResourceAmounts Of(IReadOnlyDictionary<string, Quantity>? list)
    {
        if (list is null || list.Count == 0)
        {
            return default;
        }

        long cpu = 0, memory = 0, storage = 0;
        Dictionary<string, long>? others = null;
        foreach (var (name, quantity) in list)
        {
            switch (name)
            {
                case Cpu:
                    cpu = Read(quantity, milli: true);
                    break;
                case MemoryName:
                    memory = Read(quantity);
                    break;
                case EphemeralStorageName:
                    storage = Read(quantity);
                    break;
                case Pods:
                    break;
                default:
                    (others ??= new(StringComparer.Ordinal))[name] = Read(quantity);
                    break;
            }
        }

        return new ResourceAmounts(cpu, memory, storage, others);
    }

    /// <summary>One quantity as a whole number.</summary>
    public static long Read(Quantity quantity, bool milli = false)
    {
        try
        {
            return milli ? quantity.MilliValue : quantity.Value;
        }
        catch (FormatException)
        {
            return 0;
        }
    }

    /// <summary>The amount of a resource by name: thousandths for cpu.</summary>
    public long this[string name] => name switch
    {
        Cpu => MilliCpu,
        MemoryName => Memory,
        EphemeralStorageName => EphemeralStorage,
        _ => Others?.GetValueOrDefault(name) ?? 0,
    };

    /// <summary>The sum.</summary>
    public static ResourceAmounts operator +(ResourceAmounts left, ResourceAmounts right) => Add(left, right);

    /// <summary>The difference; not below zero where the left side knew the resource.</summary>
    public static ResourceAmounts operator -(ResourceAmounts left, ResourceAmounts right) => Subtract(left, right);

    /// <summary>The sum.</summary>
    public static ResourceAmounts Add(ResourceAmounts left, ResourceAmounts right) => new(
        left.MilliCpu + right.MilliCpu, left.Memory + right.Memory, left.EphemeralStorage + right.EphemeralStorage, Merge(left.Others, right.Others, static (a, b) => a + b));

    /// <summary>The difference.</summary>
    public static ResourceAmounts Subtract(ResourceAmounts left, ResourceAmounts right) => new(
        left.MilliCpu - right.MilliCpu, left.Memory - right.Memory, left.EphemeralStorage - right.EphemeralStorage, Merge(left.Others, right.Others, static (a, b) => a - b));

    /// <summary>The larger of each.</summary>
    public static ResourceAmounts Max(ResourceAmounts left, ResourceAmounts right) => new(
        Math.Max(left.MilliCpu, right.MilliCpu), Math.Max(left.Memory, right.Memory), Math.Max(left.EphemeralStorage, right.EphemeralStorage), Merge(left.Others, right.Others, Math.Max));

    private static IReadOnlyDictionary<string, long>? Merge(IReadOnlyDictionary<string, long>? left, IReadOnlyDictionary<string, long>? right, Func<long, long, long> combine)
    {
        if (right is null)
        {
            return left;
        }

        var merged = left is null ? new Dictionary<string, long>(StringComparer.Ordinal) : new Dictionary<string, long>(left, StringComparer.Ordinal);
        foreach (var (name, amount) in right)
        {
            merged[name] = combine(merged.GetValueOrDefault(name), amount);
        }

        return merged;
    }
}
