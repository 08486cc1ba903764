using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.CustomResources;
using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.ApiServer.Tests.CustomResources;

public sealed class DefinitionPlannerTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static CustomResourceDefinition Define(string plural, string kind, string? singular = null, string[]? shortNames = null, CustomResourceDefinitionNames? held = null, string group = "example.com") => new()
    {
        Metadata = new ObjectMeta { Name = $"{plural}.{group}" },
        Spec = new() { Group = group, Names = new() { Plural = plural, Kind = kind, ListKind = kind + "List", Singular = singular ?? kind.ToLowerInvariant(), ShortNames = shortNames } },
        Status = new() { AcceptedNames = held },
    };

    private static CustomResourceDefinition Held(CustomResourceDefinition definition) => definition with { Status = definition.Status with { AcceptedNames = definition.Spec.Names } };

    [Theory]
    [InlineData("a", "A", "a", "", "True", "NoConflicts", "no conflicts found")]
    [InlineData("widgets", "A", "a", "", "False", "PluralConflict", "\"widgets\" is already in use")]
    [InlineData("wd", "A", "a", "", "False", "PluralConflict", "\"wd\" is already in use")]
    [InlineData("a", "A", "widget", "", "False", "SingularConflict", "\"widget\" is already in use")]
    [InlineData("a", "A", "a", "wd", "False", "ShortNamesConflict", "\"wd\" is already in use")]
    [InlineData("a", "A", "a", "wd,widget,x", "False", "ShortNamesConflict", "[\"wd\" is already in use, \"widget\" is already in use]")]
    [InlineData("a", "WidgetList", "a", "", "False", "KindConflict", "\"WidgetList\" is already in use")]
    [InlineData("a", "Widget", "a", "", "False", "ListKindConflict", "\"WidgetList\" is already in use")] // Of several conflicts the last found is told.
    public void NamesAreTakenWhereTheyAreFree(string plural, string kind, string singular, string shortNames, string status, string reason, string message)
    {
        var taken = Held(Define("widgets", "Widget", shortNames: ["wd"]));
        var planned = DefinitionPlanner.Plan(Define(plural, kind, singular, shortNames.Length == 0 ? null : shortNames.Split(',')), [taken], s_now);
        var condition = planned.Conditions!.Single(found => found.Type == "NamesAccepted");
        Assert.Equal((status, reason, message), (condition.Status, condition.Reason, condition.Message));
        Assert.Equal(status, planned.Conditions!.Single(found => found.Type == "Established").Status);
    }

    [Fact]
    public void AcceptedNames_KeepWhatWasHeld_WhereTheNewIsTaken()
    {
        var taken = Held(Define("widgets", "Widget"));
        var mine = Define("gadgets", "Gadget", singular: "widget", held: new() { Plural = "gadgets", Kind = "Gadget", ListKind = "GadgetList", Singular = "gadget" });
        var planned = DefinitionPlanner.Plan(mine with { Status = mine.Status with { Conditions = [new() { Type = "Established", Status = "True" }] } }, [taken], s_now);
        Assert.Equal("gadget", planned.AcceptedNames!.Singular);
        Assert.True(DefinitionPlanner.Is(planned, "Established")); // Once is for good.
        Assert.False(DefinitionPlanner.Is(planned, "NamesAccepted"));
    }

    [Fact]
    public void ASettledDefinition_IsPlannedTheSame()
    {
        var definition = Define("widgets", "Widget");
        var planned = DefinitionPlanner.Plan(definition, [], s_now);
        var again = DefinitionPlanner.Plan(definition with { Status = planned }, [], s_now.AddHours(1));
        Assert.True(DefinitionPlanner.Same(planned, again));
        Assert.False(DefinitionPlanner.Same(planned, definition.Status));
    }

    [Theory]
    [InlineData("example.com", "", null, null)]
    [InlineData("x.k8s.io", "https://github.com/kubernetes/enhancements/pull/1", "True", "ApprovedAnnotation")]
    [InlineData("x.k8s.io", "unapproved, an experiment", "False", "UnapprovedAnnotation")]
    [InlineData("x.kubernetes.io", "", "False", "MissingAnnotation")]
    [InlineData("k8s.io", "yes", "False", "InvalidAnnotation")]
    public void AGroupOfTheCommunity_NeedsItsApproval(string group, string annotation, string? status, string? reason)
    {
        var definition = Define("widgets", "Widget", group: group);
        definition = definition with { Metadata = definition.Metadata with { Annotations = new Dictionary<string, string> { ["api-approved.kubernetes.io"] = annotation } } };
        var condition = DefinitionPlanner.Plan(definition, [], s_now).Conditions!.FirstOrDefault(found => found.Type == "KubernetesAPIApprovalPolicyConformant");
        Assert.Equal((status, reason), (condition?.Status, condition?.Reason));
    }
}
