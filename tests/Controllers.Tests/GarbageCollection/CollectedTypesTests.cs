using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Controllers.GarbageCollection;
using KubeAspire.Controllers.Tests.World;
using KubeAspire.Testing;
using KubeAspire.Testing.Api;

namespace KubeAspire.Controllers.Tests.GarbageCollection;

public sealed class CollectedTypesTests
{
    private static readonly ResourceType s_widgets = new("example.com", "v1", "Widget", "widgets", true);
    private static readonly ResourceType s_gadgets = new("example.com", "v1", "Gadget", "gadgets", false);

    [Fact]
    public async Task TypesComeAndGo()
    {
        var api = new FakeApiClient(new ManualClock());
        var informers = new ManualInformers(api);
        IReadOnlyList<ResourceType> served = [s_widgets];
        var heard = new List<string>();
        var types = new CollectedTypes(() => served, informers)
        {
            OnChange = (type, before, after) => heard.Add($"{(before is null ? "+" : after is null ? "-" : "~")}{type.Plural}/{(after ?? before)!.Metadata.Name}"),
        };
        types.Refresh();
        Assert.Equal(s_widgets, types.Find("example.com/v1beta1", "Widget")); // A reference's version does not matter.
        Assert.Null(types.Find("example.com/v1", "Gadget"));

        await api.CreateAsync(s_widgets, new PartialObjectMetadata { Metadata = new ObjectMeta { Name = "w", Namespace = "default" } }, default);
        await informers.RefreshAsync();
        served = [s_widgets, s_gadgets];
        types.Refresh();
        types.Refresh(); // Nothing new: nothing happens.
        await api.CreateAsync(s_gadgets, new PartialObjectMetadata { Metadata = new ObjectMeta { Name = "g" } }, default);
        await informers.RefreshAsync();
        Assert.Equal(["+widgets/w", "+gadgets/g"], heard);

        served = [s_gadgets];
        types.Refresh();
        Assert.Equal("-widgets/w", heard[^1]);
        Assert.Null(types.Find("example.com/v1", "Widget"));
    }
}
