using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.Controllers.Common;

/// <summary>Which objects are an owner's: kept, to be adopted, to be released.</summary>
/// <typeparam name="T">The owned kind.</typeparam>
internal sealed record Claim<T>(IReadOnlyList<T> Owned, IReadOnlyList<T> ToAdopt, IReadOnlyList<T> ToRelease);

/// <summary>Decides ownership by controllerRef and selector, as upstream's ControllerRefManager.</summary>
internal static class Claims
{
    /// <summary>Sorts the objects of a namespace.</summary>
    /// <remarks>
    /// Controlled by the owner and selected: kept. Controlled and no longer selected: released. An orphan that is selected: adopted,
    /// unless either is being deleted. Another's: left alone.
    /// </remarks>
    public static Claim<T> Decide<T>(ObjectMeta owner, Selector selector, IEnumerable<T> candidates)
        where T : class, IKubernetesObject
    {
        List<T> owned = [], adopt = [], release = [];
        foreach (var candidate in candidates)
        {
            var reference = Owners.ControllerOf(candidate.Metadata);
            var selected = selector.Matches(candidate.Metadata.Labels);
            if (reference is not null)
            {
                if (reference.Uid != owner.Uid)
                {
                    continue;
                }

                if (selected)
                {
                    owned.Add(candidate);
                }
                else if (owner.DeletionTimestamp is null)
                {
                    release.Add(candidate);
                }
            }
            else if (selected && owner.DeletionTimestamp is null && candidate.Metadata.DeletionTimestamp is null)
            {
                adopt.Add(candidate);
            }
        }

        return new Claim<T>(owned, adopt, release);
    }
}
