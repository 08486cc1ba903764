using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Patching.Apply;
using KubeAspire.ApiMachinery.Schemas;

namespace KubeAspire.ApiMachinery.Tests.Patching.Apply;

public sealed class ManagedFieldsManagerTests
{
    private static readonly DateTimeOffset s_start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static ApplyRequest By(string manager, int second = 0, bool force = false) => new(manager, "apps/v1", s_start.AddSeconds(second)) { Force = force };

    private static UpdateRequest UpdateBy(string manager, int second = 0) => new(manager, "apps/v1", s_start.AddSeconds(second));

    private static JsonObject Apply(JsonObject? live, string applied, ApplyRequest request, Schema? schema = null)
    {
        var result = ManagedFieldsManager.Apply(live, Trees.Of(applied), schema ?? Kinds.Deployment, request);
        Assert.True(result.Succeeded, result.Error?.Message);
        return result.Value;
    }

    private static JsonObject Update(JsonObject? live, string updated, UpdateRequest request, Schema? schema = null)
    {
        var value = Trees.Of(updated);
        ManagedFieldsManager.TrackUpdate(live, value, schema ?? Kinds.Deployment, request);
        return value;
    }

    private static JsonObject Entry(JsonObject value, string manager, string operation = "Apply") =>
        value["metadata"]!["managedFields"]!.AsArray().Select(entry => entry!.AsObject())
            .Single(entry => entry["manager"]!.GetValue<string>() == manager && entry["operation"]!.GetValue<string>() == operation);

    private static string Fields(JsonObject value, string manager, string operation = "Apply") => Entry(value, manager, operation)["fieldsV1"]!.ToJsonString();

    private static JsonObject Bare(JsonObject value)
    {
        var copy = (JsonObject)value.DeepClone();
        copy["metadata"]!.AsObject().Remove("managedFields");
        return copy;
    }

    [Fact]
    public void FirstApply_Creates_AndOwnsWhatWasApplied()
    {
        var value = Apply(null,
            """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},
             "template":{"spec":{"containers":[{"name":"c","image":"x","ports":[{"containerPort":80}]}]}}}}
            """,
            By("me"));

        Trees.Same(
            """
            {"manager":"me","operation":"Apply","apiVersion":"apps/v1","time":"2030-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":
             {"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:spec":{"f:containers":{
              "k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{},"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}}}}}}}}
            """,
            Entry(value, "me"));
    }

    [Fact]
    public void Create_OwnsAsUpstreamNotesIt()
    {
        var value = Update(null,
            """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","uid":"1","labels":{"app":"web"}},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},
             "strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}},
             "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"x","resources":{}}]}}},"status":{}}
            """,
            UpdateBy("kubectl-create"));

        Trees.Same(
            """
            {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:replicas":{},"f:selector":{},"f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{}},"f:type":{}},
             "f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{}}}}}}}
            """,
            Entry(value, "kubectl-create", "Update")["fieldsV1"]);
    }

    [Fact]
    public void ChangingAnothersField_IsAConflict_InUpstreamsWords()
    {
        var live = Update(null, """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":1}}""", UpdateBy("kubectl-client-side-apply"));

        var error = ManagedFieldsManager.Apply(live, Trees.Of("""{"spec":{"replicas":2}}"""), Kinds.Deployment, By("me")).Error!;

        Assert.Equal((ApiErrorReason.Conflict, 409), (error.Reason, error.Code));
        Assert.Equal("Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using apps/v1: .spec.replicas", error.Message);
        Assert.Equal([new ErrorCause("FieldManagerConflict", "conflict with \"kubectl-client-side-apply\" using apps/v1", ".spec.replicas")], error.Causes);
    }

    [Fact]
    public void SeveralConflicts_AreToldByManager()
    {
        var live = Apply(null, """{"spec":{"replicas":1,"paused":true}}""", By("one"));
        live = Apply(live, """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"x"}]}}}}""", By("two"));

        var error = ManagedFieldsManager.Apply(
            live, Trees.Of("""{"spec":{"replicas":2,"paused":false,"template":{"spec":{"containers":[{"name":"c","image":"z"}]}}}}"""), Kinds.Deployment, By("me")).Error!;

        Assert.Equal(
            "Apply failed with 3 conflicts: conflicts with \"one\":\n- .spec.paused\n- .spec.replicas\nconflicts with \"two\":\n- .spec.template.spec.containers[name=\"c\"].image",
            error.Message);
    }

    [Fact]
    public void SameValue_IsShared_AndForce_TakesOver()
    {
        var live = Apply(null, """{"metadata":{"name":"web"},"spec":{"replicas":1}}""", By("one"));
        var shared = Apply(live, """{"spec":{"replicas":1}}""", By("two", 1));
        Assert.Equal("""{"f:spec":{"f:replicas":{}}}""", Fields(shared, "one"));
        Assert.Equal("""{"f:spec":{"f:replicas":{}}}""", Fields(shared, "two"));

        var taken = Apply(shared, """{"spec":{"replicas":5}}""", By("two", 2, force: true));
        Assert.Equal(5, taken["spec"]!["replicas"]!.GetValue<int>());
        Assert.Equal(["two"], taken["metadata"]!["managedFields"]!.AsArray().Select(entry => entry!["manager"]!.GetValue<string>()));
    }

    [Fact]
    public void FieldNoLongerApplied_Goes_UnlessSomeoneElseOwnsIt()
    {
        var live = Apply(null, """{"metadata":{"name":"c","labels":{"a":"1"}},"data":{"x":"1","y":"2"}}""", By("one"), Kinds.ConfigMap);
        live = Apply(live, """{"metadata":{"name":"c"},"data":{"y":"2"}}""", By("two"), Kinds.ConfigMap);

        var value = Apply(live, """{"metadata":{"name":"c"}}""", By("one", 1), Kinds.ConfigMap);

        Trees.Same("""{"metadata":{"name":"c"},"data":{"y":"2"}}""", Bare(value));
        Assert.Equal(["two"], value["metadata"]!["managedFields"]!.AsArray().Select(entry => entry!["manager"]!.GetValue<string>()));
    }

    [Fact]
    public void ItemNoLongerApplied_GoesWhole_AndOthersItemsStay()
    {
        var live = Apply(null, """{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}}}}""", By("one"));
        live = Apply(live, """{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"z"}]}}}}""", By("two"));

        // The server defaulted a field that nobody owns: it goes with its item.
        live["spec"]!["template"]!["spec"]!["containers"]!.AsArray().First(item => item!["name"]!.GetValue<string>() == "b")!["imagePullPolicy"] = "Always";
        var value = Apply(live, """{"spec":{"template":{"spec":{"containers":[{"name":"a","image":"x2"}]}}}}""", By("one", 1));

        Assert.Equal(["side", "a"], value["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Select(item => item!["name"]!.GetValue<string>()).OrderDescending());
        Assert.Equal("x2", value["spec"]!["template"]!["spec"]!["containers"]!.AsArray().First(item => item!["name"]!.GetValue<string>() == "a")!["image"]!.GetValue<string>());
    }

    [Fact]
    public void ApplyingAgain_ChangesNothing_NotEvenTheTime()
    {
        const string Applied = """{"metadata":{"name":"web","labels":{"a":"b"}},"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"c"}]}}}}""";
        var first = Apply(null, Applied, By("me"));

        var second = Apply(first, Applied, By("me", 100));

        Trees.Same(first, second);
    }

    [Fact]
    public void Update_TakesChangedFieldsOver_AndDropsRemovedOnes()
    {
        var live = Apply(null, """{"apiVersion":"apps/v1","metadata":{"name":"web","labels":{"a":"1","b":"2"}},"spec":{"replicas":1,"paused":true}}""", By("one"));
        var next = (JsonObject)live.DeepClone();
        next["spec"]!["replicas"] = 4;
        next["metadata"]!["labels"]!.AsObject().Remove("b");

        ManagedFieldsManager.TrackUpdate(live, next, Kinds.Deployment, UpdateBy("kubectl-edit", 5));

        Assert.Equal("""{"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:paused":{}}}""", Fields(next, "one"));
        Assert.Equal("""{"f:spec":{"f:replicas":{}}}""", Fields(next, "kubectl-edit", "Update"));
        Assert.Equal("2030-01-01T00:00:05Z", Entry(next, "kubectl-edit", "Update")["time"]!.GetValue<string>());
        Assert.Equal("2030-01-01T00:00:00Z", Entry(next, "one")["time"]!.GetValue<string>());
    }

    [Fact]
    public void UpdateThatChangesNothing_LeavesTheAccountAlone()
    {
        var live = Update(null, """{"metadata":{"name":"web"},"spec":{"replicas":1}}""", UpdateBy("one"));
        var next = (JsonObject)live.DeepClone();
        next["metadata"]!.AsObject().Remove("managedFields");

        ManagedFieldsManager.TrackUpdate(live, next, Kinds.Deployment, UpdateBy("two", 9));

        Trees.Same(live, next);
    }

    [Fact]
    public void EntriesOfOneManager_AreMerged_AndSubresourcesKeptApart()
    {
        var live = Update(null, """{"metadata":{"name":"web"},"spec":{"replicas":1}}""", UpdateBy("m"));
        var next = (JsonObject)live.DeepClone();
        next["spec"]!["paused"] = true;
        ManagedFieldsManager.TrackUpdate(live, next, Kinds.Deployment, UpdateBy("m", 1));
        var last = (JsonObject)next.DeepClone();
        last["status"] = Trees.Of("""{"replicas":1}""");
        ManagedFieldsManager.TrackUpdate(next, last, Kinds.Deployment, UpdateBy("m", 2) with { Subresource = "status" });

        var entries = last["metadata"]!["managedFields"]!.AsArray();
        Assert.Equal(2, entries.Count);
        Assert.Equal("""{"f:spec":{"f:paused":{},"f:replicas":{}}}""", entries[0]!["fieldsV1"]!.ToJsonString());
        Assert.Equal(("status", """{"f:status":{"f:replicas":{}}}"""), (entries[1]!["subresource"]!.GetValue<string>(), entries[1]!["fieldsV1"]!.ToJsonString()));
    }

    [Fact]
    public void IgnoredFields_AreNeverOwned()
    {
        var value = Update(null, """{"metadata":{"name":"web"},"spec":{"replicas":1},"status":{"replicas":1}}""", UpdateBy("m") with { Ignored = FieldSet.Of("status") });

        Assert.Equal("""{"f:spec":{"f:replicas":{}}}""", Fields(value, "m", "Update"));
    }

    [Fact]
    public void ObjectThatNobodyTracks_IsOwnedByBeforeFirstApply_OnceSomeoneApplies()
    {
        var live = Trees.Of("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","uid":"u"},"spec":{"replicas":1}}""");
        var untouched = (JsonObject)live.DeepClone();
        untouched["spec"]!["replicas"] = 2;
        ManagedFieldsManager.TrackUpdate(live, untouched, Kinds.Deployment, UpdateBy("m"));
        Assert.Null(untouched["metadata"]!["managedFields"]);

        var error = ManagedFieldsManager.Apply(live, Trees.Of("""{"spec":{"replicas":3}}"""), Kinds.Deployment, By("me")).Error!;
        Assert.Equal("Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: .spec.replicas", error.Message);
    }

    [Fact]
    public void KubectlMayTakeWhatItAppliedFromTheClientBefore()
    {
        var live = Update(null,
            """{"metadata":{"name":"web","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"spec\":{\"replicas\":1}}"}},"spec":{"replicas":1}}""",
            UpdateBy("kubectl-client-side-apply"));

        var value = Apply(live, """{"metadata":{"name":"web"},"spec":{"replicas":2}}""", By("kubectl"));

        Assert.Equal("{\"metadata\":{\"name\":\"web\"},\"spec\":{\"replicas\":2}}\n", value["metadata"]!["annotations"]!["kubectl.kubernetes.io/last-applied-configuration"]!.GetValue<string>());
        Assert.Equal(409, ManagedFieldsManager.Apply(live, Trees.Of("""{"spec":{"replicas":2}}"""), Kinds.Deployment, By("helm")).Error!.Code);
    }

    [Fact]
    public void SetsAndAtomicLists_MergeAsTheSchemaSays()
    {
        var live = Apply(null, """{"metadata":{"finalizers":["a/b"]},"spec":{"template":{"spec":{"containers":[{"name":"c","args":["1","2"]}]}}}}""", By("one"));

        var value = Apply(live, """{"metadata":{"finalizers":["c/d"]}}""", By("two"));
        Assert.Equal(["a/b", "c/d"], value["metadata"]!["finalizers"]!.AsArray().Select(item => item!.GetValue<string>()));
        Assert.Contains("""v:\u0022c/d\u0022""".Replace("\\u0022", "\""), Fields(value, "two").Replace("\\u0022", "\"", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal), StringComparison.Ordinal);

        var error = ManagedFieldsManager.Apply(value, Trees.Of("""{"spec":{"template":{"spec":{"containers":[{"name":"c","args":["1"]}]}}}}"""), Kinds.Deployment, By("two")).Error!;
        Assert.Equal(".spec.template.spec.containers[name=\"c\"].args", Assert.Single(error.Causes).Field);
    }

    [Fact]
    public void BadApplies_AreRefused()
    {
        var managed = ManagedFieldsManager.Apply(null, Trees.Of("""{"metadata":{"managedFields":[]}}"""), Kinds.Deployment, By("me")).Error!;
        Assert.Equal("metadata.managedFields must be nil", managed.Message);

        var twice = ManagedFieldsManager.Apply(
            null, Trees.Of("""{"kind":"Deployment","metadata":{"name":"w","namespace":"d"},"spec":{"template":{"spec":{"containers":[{"name":"c"},{"name":"c"}]}}}}"""), Kinds.Deployment, By("me")).Error!;
        Assert.Equal(
            "failed to create typed patch object (d/w; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name=\"c\"]", twice.Message);
    }

    [Fact]
    public void Reset_ForgetsAllManagers()
    {
        var live = Apply(null, """{"metadata":{"name":"web"},"spec":{"replicas":1}}""", By("one"));
        var next = Trees.Of("""{"metadata":{"name":"web","managedFields":[{}]},"spec":{"replicas":1}}""");

        ManagedFieldsManager.TrackUpdate(live, next, Kinds.Deployment, UpdateBy("m"));

        Assert.Null(next["metadata"]!["managedFields"]);
    }

    [Fact]
    public void Updaters_AreCapped()
    {
        var live = Update(null, """{"metadata":{"name":"c"},"data":{"k":"v"}}""", UpdateBy("m"), Kinds.ConfigMap);
        for (var i = 0; i < 30; i++)
        {
            var next = (JsonObject)live.DeepClone();
            next["data"]![$"k{i}"] = "v";
            ManagedFieldsManager.TrackUpdate(live, next, Kinds.ConfigMap, UpdateBy($"m{i}", i));
            live = next;
        }

        Assert.InRange(live["metadata"]!["managedFields"]!.AsArray().Count, 2, 11);
        Assert.Contains("ancient-changes", live["metadata"]!.ToJsonString(), StringComparison.Ordinal);
    }

    // Whoever applies what is already there takes nothing away and changes nothing but the account.
    [Fact]
    public void AnyObject_AppliedOverItself_StaysAsItIs()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var value = new RandomObjects(seed).Object(Kinds.Pod, "v1", "Pod");
            value["metadata"] = new JsonObject { ["name"] = "x" };
            var first = ManagedFieldsManager.Apply(null, value, Kinds.Pod, By("a"));
            if (!first.Succeeded)
            {
                continue; // two random items with one key
            }

            Trees.Same(value, Bare(first.Value), $"seed {seed}");
            var second = ManagedFieldsManager.Apply(first.Value, value, Kinds.Pod, By("a", 5));
            Trees.Same(first.Value, second.Value, $"seed {seed}, again");
        }
    }
}
