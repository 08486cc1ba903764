namespace KubeAspire.Resources.Core;

/// <summary>Cells that describe a workload's template in kubectl get -o wide.</summary>
internal static class TemplateCells
{
    public static string Containers(PodTemplateSpec? template) => string.Join(',', (template?.Spec?.Containers ?? []).Select(container => container.Name));

    public static string Images(PodTemplateSpec? template) => string.Join(',', (template?.Spec?.Containers ?? []).Select(container => container.Image));
}
