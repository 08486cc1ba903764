using KubeAspire.Resources.Networking;

namespace KubeAspire.ServiceProxy.Ingresses;

/// <summary>Which Ingresses are ours.</summary>
internal sealed class IngressClasses
{
    /// <summary>IngressClass annotation: Ingresses without a class belong to it.</summary>
    public const string DefaultAnnotation = "ingressclass.kubernetes.io/is-default-class";

    /// <summary>Ingress annotation of old: the class before <c>spec.ingressClassName</c> existed.</summary>
    public const string LegacyAnnotation = "kubernetes.io/ingress.class";

    private readonly HashSet<string> _ours = new(StringComparer.Ordinal);
    private readonly bool _oursIsDefault;

    public IngressClasses(IEnumerable<IngressClass> classes, string controller)
    {
        foreach (var value in classes)
        {
            if (value.Spec.Controller == controller)
            {
                _ours.Add(value.Metadata.Name ?? "");
                _oursIsDefault |= value.Metadata.Annotations?.GetValueOrDefault(DefaultAnnotation) == "true";
            }
        }
    }

    /// <summary>Whether the Ingress names a class of ours, or none while ours is the default.</summary>
    public bool Own(Ingress ingress)
    {
        var name = ingress.Spec.IngressClassName ?? ingress.Metadata.Annotations?.GetValueOrDefault(LegacyAnnotation);
        return name is null ? _oursIsDefault : _ours.Contains(name);
    }
}
