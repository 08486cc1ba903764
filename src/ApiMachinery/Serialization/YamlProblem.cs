namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Why a text is not the YAML that Kubernetes reads. Stays inside the readers, which turn it into a refusal.</summary>
internal sealed class YamlProblem(string message) : Exception(message);
