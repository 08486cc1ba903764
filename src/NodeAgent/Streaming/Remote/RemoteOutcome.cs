using System.Globalization;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources;

namespace KubeAspire.NodeAgent.Streaming.Remote;

/// <summary>How a command ended, as clients are told on the error stream.</summary>
/// <param name="Status">The Status of protocols from version 4 on.</param>
/// <param name="Text">The text of older ones; empty for success.</param>
internal sealed record RemoteOutcome(byte[] Status, string Text)
{
    /// <summary>It ended with 0, or has no exit code to tell.</summary>
    public static RemoteOutcome Success { get; } = new("{\"metadata\":{},\"status\":\"Success\"}"u8.ToArray(), "");

    /// <summary>It ended with an exit code.</summary>
    public static RemoteOutcome Exited(int code)
    {
        if (code == 0)
        {
            return Success;
        }

        var text = $"command terminated with non-zero exit code: command terminated with exit code {code}";
        return new RemoteOutcome(KubernetesJson.Write(new Status
        {
            StatusValue = "Failure",
            Reason = "NonZeroExitCode",
            Message = text,
            Details = new StatusDetails { Causes = [new StatusCause { Reason = "ExitCode", Message = code.ToString(CultureInfo.InvariantCulture) }] },
        }), text);
    }

    /// <summary>It could not be run to its end.</summary>
    public static RemoteOutcome Failed(string problem)
    {
        var error = ApiErrors.InternalError($"error executing command in container: {problem}");
        return new RemoteOutcome(KubernetesJson.Write(StatusFactory.From(error)), error.Message);
    }
}
