using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core;

/// <summary>Cells that volumes and claims share.</summary>
internal static class VolumeCells
{
    /// <summary>Access modes in short, in upstream's order.</summary>
    public static string Modes(IReadOnlyList<string>? modes)
    {
        (string Mode, string Short)[] known = [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
        return string.Join(',', known.Where(mode => modes?.Contains(mode.Mode) == true).Select(mode => mode.Short));
    }

    /// <summary>An amount of storage; empty for none.</summary>
    public static string Storage(IReadOnlyDictionary<string, Quantity>? amounts) => amounts is not null && amounts.TryGetValue("storage", out var amount) ? amount.ToString() : "";
}
