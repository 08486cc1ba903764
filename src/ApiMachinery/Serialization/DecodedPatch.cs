using System.Text.Json.Nodes;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>A patch as it was sent.</summary>
/// <param name="Patch">The document: an object, a list, or null.</param>
/// <param name="StrictProblems">What is wrong with it under <c>fieldValidation=Strict</c>.</param>
public sealed record DecodedPatch(JsonNode? Patch, IReadOnlyList<string> StrictProblems);
