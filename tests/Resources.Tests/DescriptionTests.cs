namespace KubeAspire.Resources.Tests;

public sealed class DescriptionTests
{
    [Theory]
    [InlineData("io.k8s.api.core.v1.Container", "image", "Name of the image to run.")]
    [InlineData("io.k8s.api.apps.v1.Deployment", "spec", "What is wanted.")]
    [InlineData("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "resourceVersion", "Revision of the store at which the object was last written. A write that names an older one is refused.")]
    public void AField_IsDescribed(string definition, string field, string expected) =>
        Assert.Equal(expected, BuiltInTypes.Schemas.Find(definition)!.Properties[field].Description);

    [Fact]
    public void EveryKindWithAStatus_SaysWhatItIs() => Assert.All(
        BuiltInKinds.All.Where(kind => kind.HasStatus), kind => Assert.False(string.IsNullOrEmpty(kind.Schema.Description), kind.Type.Kind));

    [Fact]
    public void TheMainTypes_AreDescribedWhole()
    {
        string[] main = ["core.v1.PodSpec", "core.v1.Container", "core.v1.ServiceSpec", "core.v1.ServicePort", "apps.v1.DeploymentSpec", "apps.v1.ReplicaSetSpec", "core.v1.ConfigMap", "core.v1.Secret", "networking.v1.IngressSpec"];
        var missing = main.SelectMany(name => BuiltInTypes.Schemas.Find("io.k8s.api." + name)!.Properties.Where(field => field.Value.Description is null).Select(field => $"{name}.{field.Key}"));

        // Fields of features that nothing here serves yet.
        Assert.Equal(["core.v1.PodSpec.hostnameOverride", "core.v1.PodSpec.resourceClaims", "core.v1.PodSpec.resources", "core.v1.PodSpec.schedulingGroup"], missing.Order());
    }
}
