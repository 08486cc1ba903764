using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Patching.Apply;

namespace KubeAspire.ApiMachinery.Tests.Patching.Apply;

/// <summary>
/// Random histories of applies and updates by several managers, beside the plainest model there is: per key a value and its owners.
/// Histories are drawn from a seed; a failure prints it.
/// </summary>
public sealed class OwnershipModelTests
{
    private const int Steps = 60;

    private static readonly string[] s_keys = ["a", "b", "c", "d", "e"];

    [Fact]
    public void AnyHistory_EndsAsTheModelSays()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            Replay(seed);
        }
    }

    private static void Replay(int seed)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<string, (string Value, HashSet<string> Owners)>(StringComparer.Ordinal) { ["base"] = ("0", ["Apply base"]) };
        var live = ManagedFieldsManager.Apply(null, Object([new("base", "0")]), Kinds.ConfigMap, new("base", "v1", DateTimeOffset.UnixEpoch)).Value!;
        for (var step = 1; step <= Steps; step++)
        {
            var manager = random.GetItems<string>(["x", "y", "z"], 1)[0];
            var now = DateTimeOffset.UnixEpoch.AddSeconds(step);
            if (random.Next(3) > 0)
            {
                var wanted = s_keys.Where(_ => random.Next(2) == 0).Select(key => new KeyValuePair<string, string>(key, random.Next(3).ToString())).ToList();
                var force = random.Next(2) == 0;
                var result = ManagedFieldsManager.Apply(live, Object(wanted), Kinds.ConfigMap, new(manager, "v1", now) { Force = force });

                Assert.True(Apply(model, "Apply " + manager, wanted, force) == result.Succeeded, $"seed {seed}, step {step}: {result.Error?.Message ?? "applied"}");
                live = result.Value ?? live;
            }
            else
            {
                var next = (JsonObject)live.DeepClone();
                foreach (var key in s_keys.Where(_ => random.Next(4) == 0))
                {
                    var value = random.Next(4);
                    if (value == 3)
                    {
                        next["data"]!.AsObject().Remove(key);
                        model.Remove(key);
                    }
                    else if (!model.TryGetValue(key, out var old) || old.Value != value.ToString())
                    {
                        next["data"]![key] = value.ToString();
                        model[key] = (value.ToString(), ["Update " + manager]);
                    }
                }

                ManagedFieldsManager.TrackUpdate(live, next, Kinds.ConfigMap, new(manager, "v1", now));
                live = next;
            }

            Assert.Equal(model.Select(pair => $"{pair.Key}={pair.Value.Value} {string.Join(',', pair.Value.Owners.Order(StringComparer.Ordinal))}"), Told(live));
        }
    }

    // Whether there is no conflict.
    private static bool Apply(SortedDictionary<string, (string Value, HashSet<string> Owners)> model, string manager, List<KeyValuePair<string, string>> wanted, bool force)
    {
        if (!force && wanted.Any(pair => model.TryGetValue(pair.Key, out var old) && old.Value != pair.Value && old.Owners.Any(owner => owner != manager)))
        {
            return false;
        }

        foreach (var (key, value) in wanted)
        {
            if (model.TryGetValue(key, out var old) && old.Value == value)
            {
                old.Owners.Add(manager);
            }
            else
            {
                model[key] = (value, [manager]);
            }
        }

        foreach (var (key, (_, owners)) in model.ToArray())
        {
            if (!wanted.Any(pair => pair.Key == key) && owners.Remove(manager) && owners.Count == 0)
            {
                model.Remove(key);
            }
        }

        return true;
    }

    private static IEnumerable<string> Told(JsonObject live)
    {
        var entries = live["metadata"]!["managedFields"]!.AsArray();
        foreach (var (key, value) in live["data"]!.AsObject().OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var owners = entries.Where(entry => FieldSet.Parse(entry!["fieldsV1"])!.Has([PathElement.Field("data"), PathElement.Field(key)]))
                .Select(entry => $"{entry!["operation"]} {entry["manager"]}").Order(StringComparer.Ordinal);
            yield return $"{key}={value} {string.Join(',', owners)}";
        }
    }

    private static JsonObject Object(List<KeyValuePair<string, string>> data)
    {
        var value = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = "c" } };
        if (data.Count > 0)
        {
            value["data"] = new JsonObject(data.Select(pair => new KeyValuePair<string, JsonNode?>(pair.Key, pair.Value)));
        }

        return value;
    }
}
