using System.Text.Json.Nodes;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>A body as a tree.</summary>
/// <param name="Value">The object.</param>
/// <param name="StrictProblems">Fields that stand twice, such as <c>duplicate field "spec.replicas"</c>: errors under fieldValidation=Strict, warnings under Warn.</param>
public sealed record DecodedBody(JsonObject Value, IReadOnlyList<string> StrictProblems);
