using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Tests;

public sealed class BuiltInKindsTests
{
    public static TheoryData<string> Names => [.. BuiltInKinds.All.Select(kind => $"{kind.Type.ApiVersion}/{kind.Type.Kind}")];

    [Fact]
    public void EveryServedKind_HasRules()
    {
        // ComponentStatus is deprecated and not served.
        var served = BuiltInTypes.All.Where(type => type.Verbs.Count > 0 && type.Type.Kind is not ("ComponentStatus" or "CustomResourceDefinition")).Select(type => type.Type);

        Assert.Equal(served.OrderBy(type => type.ToString()), BuiltInKinds.All.Select(kind => kind.Type).Where(type => type.Kind != "CustomResourceDefinition").OrderBy(type => type.ToString()));
    }

    [Fact]
    public void NoTwoKinds_ShareAShortName()
    {
        var names = BuiltInKinds.All.Where(kind => kind.StorageType == kind.Type).SelectMany(kind => kind.ShortNames.Append(kind.Singular).Append(kind.Type.Plural).Distinct()).ToList();

        Assert.Equal(names.Count, names.Distinct().Count());
    }

    [Fact]
    public void GetAll_ShowsWorkloadsAndServices() => Assert.Equal(
        ["CronJob", "DaemonSet", "Deployment", "HorizontalPodAutoscaler", "Job", "Pod", "ReplicaSet", "ReplicationController", "Service", "StatefulSet"],
        BuiltInKinds.All.Where(kind => kind.Categories.Contains("all") && kind.StorageType == kind.Type).Select(kind => kind.Type.Kind).Order());

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryKind_HasACellForEveryColumn_EvenOfAnEmptyObject(string name)
    {
        var kind = KindHarness.Kind(name);

        Assert.Equal(kind.Columns.Count, kind.Cells(KindHarness.Typed(kind, []), KindHarness.Now).Count);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryKind_SurvivesAnEmptyObject_AndDefaultsItTwiceTheSame(string name)
    {
        var kind = KindHarness.Kind(name);
        var once = KindHarness.Defaulted(kind, """{"metadata":{"name":"x","namespace":"default"}}""");
        var twice = once.DeepClone().AsObject();

        kind.Default(twice);

        KindHarness.AssertSame(once, twice);
        _ = kind.Validate(KindHarness.Typed(kind, once)).ToList();
        Assert.All(kind.SelectableFields.Values, read => Assert.NotNull(read(KindHarness.Typed(kind, once))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryKind_SurvivesMembersOfAnotherShape(string name)
    {
        var kind = KindHarness.Kind(name);
        foreach (var member in new[] { "[]", "\"text\"", "7", "null", "[7,null]" })
        {
            var value = KindHarness.Parse($$"""{"metadata":{"name":"x"},"spec":{{member}},"template":{{member}},"subsets":{{member}},"ports":{{member}},"roleRef":{{member}},"stringData":{{member}}}""");

            // TypeCheck refuses such an object before; defaulting must still not throw.
            Assert.Null(Record.Exception(() => kind.Default(value)));
        }
    }

    [Fact]
    public void Scale_IsThere_WhereTheSubresourceIs() => Assert.All(
        BuiltInKinds.All, kind => Assert.Equal(kind.Subresources.Any(subresource => subresource.Name == "scale"), kind.Scale is not null));

    [Fact]
    public void Scale_ReadsAndWritesReplicas_AndSaysTheSelector()
    {
        var scale = KindHarness.Kind("Deployment").Scale!;
        var stored = KindHarness.Parse(
            """
            {"metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7","labels":{"a":"b"}},
             "spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"tier","operator":"In","values":["b","a"]},{"key":"old","operator":"DoesNotExist"}]}},
             "status":{"replicas":2}}
            """);

        KindHarness.AssertSame(
            KindHarness.Parse(
                """
                {"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7"},
                 "spec":{"replicas":3},"status":{"replicas":2,"selector":"app=web,!old,tier in (a,b)"}}
                """),
            scale.Read(stored));

        scale.Write(KindHarness.Parse("""{"spec":{"replicas":5}}"""), stored);
        Assert.Equal(5, (int)stored["spec"]!["replicas"]!);
        Assert.Equal(["spec.replicas: Invalid value: -1: must be greater than or equal to 0"], KindHarness.Lines(ScaleMapping.Validate(KindHarness.Parse("""{"spec":{"replicas":-1}}"""))));
    }
}
