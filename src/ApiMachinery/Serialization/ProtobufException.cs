namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Why bytes are not the message they should be. Stays inside the decoder, which turns it into a refusal.</summary>
internal sealed class ProtobufException(string message) : Exception(message);
