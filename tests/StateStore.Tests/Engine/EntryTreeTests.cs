using KubeAspire.StateStore.Engine;

namespace KubeAspire.StateStore.Tests.Engine;

/// <summary>The tree against a sorted dictionary, and old roots against what they held.</summary>
public sealed class EntryTreeTests
{
    [Fact]
    public void AnySequenceOfEdits_AgreesWithASortedDictionary_AndLeavesOldRootsAlone()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            Replay(seed);
        }
    }

    [Fact]
    public void NamesInAscendingOrder_FillTheLeaves()
    {
        EntryNode? root = null;
        for (var i = 0; i < 1_024; i++)
        {
            root = EntryTree.Put(root, Entry($"{i:d5}", 1), 1);
        }

        Assert.Equal(1_024 / EntryNode.Capacity, root!.Children!.Take(root.Count).Sum(child => child.IsLeaf ? 1 : child.Count));
    }

    private static void Replay(int seed)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<string, long>(StringComparer.Ordinal);
        EntryNode? root = null;
        List<(EntryNode? Root, List<(string, long)> Held)> snapshots = [];
        var keys = random.Next(50, 3_000);
        for (var step = 1; step <= 6_000; step++)
        {
            // Growing, then shrinking, and several changes to one edit, as in a batch.
            var name = $"{random.Next(keys):d4}";
            var edit = step / 4;
            if (random.Next(10) < (step < 3_000 ? 7 : 3))
            {
                model[name] = step;
                root = EntryTree.Put(root, Entry(name, step), edit);
            }
            else if (model.Remove(name))
            {
                root = EntryTree.Remove(root!, "ns", name, edit);
            }

            if (step % 500 == 3)
            {
                snapshots.Add((root, Held(model)));
            }

            if (step % 100 == 0)
            {
                Check(seed, root, model, random, keys);
            }
        }

        foreach (var (old, held) in snapshots)
        {
            Assert.Equal(held, EntryTree.From(old, EntryBound.Start).Select(entry => (entry.Key.Name, entry.Revision)));
        }
    }

    private static void Check(int seed, EntryNode? root, SortedDictionary<string, long> model, Random random, int keys)
    {
        Assert.True(model.Count == EntryTree.Count(root), $"seed {seed}");
        var name = $"{random.Next(keys):d4}";
        Assert.Equal(model.GetValueOrDefault(name), EntryTree.Find(root, "ns", name)?.Revision ?? 0);
        var from = new EntryBound("ns", name);
        Assert.Equal(model.Keys.Count(key => string.CompareOrdinal(key, name) < 0), EntryTree.Rank(root, from));
        var page = new StateEntry[20];
        var copied = EntryTree.CopyFrom(root, from, page);
        var expected = model.Keys.Where(key => string.CompareOrdinal(key, name) >= 0).Take(20).ToList();
        Assert.Equal(expected, page.Take(copied).Select(entry => entry.Key.Name));
        Assert.Equal(expected, EntryTree.From(root, from).Take(20).Select(entry => entry.Key.Name));
    }

    private static List<(string, long)> Held(SortedDictionary<string, long> model) => [.. model.Select(item => (item.Key, item.Value))];

    private static StateEntry Entry(string name, long revision) => new(new StateKey("pods", "ns", name), 1, revision, default, -1);
}
