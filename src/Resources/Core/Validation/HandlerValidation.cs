using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>Probes and lifecycle hooks: exactly one way to act, well described.</summary>
internal static class HandlerValidation
{
    private const string OneOnly = "may not specify more than 1 handler type";

    /// <summary>A probe; with <paramref name="onceOnly"/> one success must be enough, as for liveness and startup.</summary>
    public static void Probe(FieldErrors errors, Probe? probe, string path, bool onceOnly)
    {
        if (probe is null)
        {
            return;
        }

        var count = 0;
        Exec(errors, probe.Exec, path, ref count);
        HttpGet(errors, probe.HttpGet, path, ref count);
        TcpSocket(errors, probe.TcpSocket, path, ref count);
        if (probe.Grpc is { } grpc && One(errors, $"{path}.grpc", ref count))
        {
            errors.Invalid($"{path}.grpc.port", FieldErrors.Text(grpc.Port), Names.IsPortNumber(grpc.Port));
        }

        if (count == 0)
        {
            errors.Required(path, "must specify a handler type");
        }

        errors.NotNegative($"{path}.initialDelaySeconds", probe.InitialDelaySeconds);
        errors.NotNegative($"{path}.timeoutSeconds", probe.TimeoutSeconds);
        errors.NotNegative($"{path}.periodSeconds", probe.PeriodSeconds);
        errors.NotNegative($"{path}.successThreshold", probe.SuccessThreshold);
        errors.NotNegative($"{path}.failureThreshold", probe.FailureThreshold);
        if (probe.TerminationGracePeriodSeconds is { } grace and <= 0)
        {
            errors.Invalid($"{path}.terminationGracePeriodSeconds", FieldErrors.Text(grace), "must be greater than 0");
        }

        if (onceOnly && probe.SuccessThreshold is { } successes and not 1)
        {
            errors.Invalid($"{path}.successThreshold", FieldErrors.Text(successes), "must be 1");
        }
    }

    public static void Hook(FieldErrors errors, LifecycleHandler? hook, long? graceSeconds, string path)
    {
        if (hook is null)
        {
            return;
        }

        var count = 0;
        Exec(errors, hook.Exec, path, ref count);
        HttpGet(errors, hook.HttpGet, path, ref count);
        TcpSocket(errors, hook.TcpSocket, path, ref count);
        if (hook.Sleep is { } sleep && One(errors, $"{path}.sleep", ref count) && (sleep.Seconds < 0 || sleep.Seconds > (graceSeconds ?? 0)))
        {
            errors.Invalid($"{path}.sleep", FieldErrors.Text(sleep.Seconds), $"must be non-negative and less than terminationGracePeriodSeconds ({graceSeconds ?? 0})");
        }

        if (count == 0)
        {
            errors.Required(path, "must specify a handler type");
        }
    }

    private static bool One(FieldErrors errors, string path, ref int count)
    {
        if (count++ == 0)
        {
            return true;
        }

        errors.Forbidden(path, OneOnly);
        return false;
    }

    private static void Exec(FieldErrors errors, ExecAction? exec, string path, ref int count)
    {
        if (exec is not null && One(errors, $"{path}.exec", ref count) && exec.Command is not { Count: > 0 })
        {
            errors.Required($"{path}.exec.command");
        }
    }

    private static void HttpGet(FieldErrors errors, HTTPGetAction? get, string path, ref int count)
    {
        if (get is null || !One(errors, $"{path}.httpGet", ref count))
        {
            return;
        }

        if (string.IsNullOrEmpty(get.Path))
        {
            errors.Required($"{path}.httpGet.path");
        }

        errors.Port($"{path}.httpGet.port", get.Port);
        errors.OneOf($"{path}.httpGet.scheme", get.Scheme, "HTTP", "HTTPS");
        foreach (var header in get.HttpHeaders ?? [])
        {
            errors.Invalid($"{path}.httpGet.httpHeaders", header.Name, NameChecks.HttpHeader(header.Name));
        }
    }

    private static void TcpSocket(FieldErrors errors, TCPSocketAction? socket, string path, ref int count)
    {
        if (socket is not null && One(errors, $"{path}.tcpSocket", ref count))
        {
            errors.Port($"{path}.tcpSocket.port", socket.Port);
        }
    }
}
