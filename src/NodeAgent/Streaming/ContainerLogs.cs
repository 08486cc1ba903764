using System.Globalization;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Pods;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Streaming;

/// <summary><c>GET /containerLogs/{ns}/{pod}/{container}</c>: a container's log in the kubelet's plain form.</summary>
internal sealed class ContainerLogs(IContainerRuntime runtime, PodManager pods, IOptions<NodeAgentOptions> options, TimeProvider clock, ILogger<ContainerLogs> logger)
{
    public async Task HandleAsync(HttpContext context)
    {
        var route = context.Request.RouteValues;
        var (ns, name, container) = ((string)route["ns"]!, (string)route["pod"]!, (string)route["container"]!);
        if (Parse(context.Request.Query, clock.GetUtcNow()) is not { } asked)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "unable to decode the log options");
            return;
        }

        if (pods.Find(ns, name) is not { } pod)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"pod \"{name}\" not found");
            return;
        }

        if (PodPlanner.SpecOf(pod, container) is null)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"container \"{container}\" not found in pod \"{name}_{ns}\"");
            return;
        }

        var found = await runtime.ListAsync(
            new Dictionary<string, string> { [PodLabels.PodUid] = pod.Metadata.Uid!, [PodLabels.Node] = options.Value.NodeName, [PodLabels.ContainerName] = container }, context.RequestAborted);
        if (!found.Succeeded)
        {
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, found.Error.Message);
            return;
        }

        var observed = ObservedPod.From(found.Value);
        var newest = observed.Newest(container);
        var chosen = !asked.Previous ? newest : newest is { Exited: true } ? newest : observed.Previous(container);
        if (asked.Previous && chosen is null)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"previous terminated container \"{container}\" in pod \"{name}\" not found");
            return;
        }

        if (chosen is null || chosen.Created)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"container \"{container}\" in pod \"{name}\" is waiting to start: {WaitingReason(pod, container)}");
            return;
        }

        await StreamAsync(context, chosen, asked);
    }

    private async Task StreamAsync(HttpContext context, ObservedContainer container, Asked asked)
    {
        context.Response.ContentType = "text/plain";
        var left = asked.LimitBytes ?? long.MaxValue;
        try
        {
            await context.Response.StartAsync(context.RequestAborted); // The client sees that it follows, even before the first line.
            await foreach (var chunk in runtime.ReadLogsAsync(container.Id, asked.Query, context.RequestAborted))
            {
                var bytes = chunk.Bytes.Length <= left ? chunk.Bytes : chunk.Bytes[..(int)left];
                await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
                if (asked.Query.Follow)
                {
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                }

                left -= bytes.Length;
                if (left <= 0)
                {
                    return;
                }
            }
        }
        catch (ContainerRuntimeException exception)
        {
            logger.LogStreamEnded(container.Info.Name, exception.Message);
        }
        catch (OperationCanceledException)
        {
            // The client went away.
        }
    }

    private static string WaitingReason(Resources.Core.Pod pod, string container) =>
        (pod.Status.ContainerStatuses ?? []).Concat(pod.Status.InitContainerStatuses ?? []).FirstOrDefault(one => one.Name == container)?.State?.Waiting?.Reason ?? "ContainerCreating";

    private static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(message, context.RequestAborted);
    }

    /// <summary>Reads the options; null where one makes no sense.</summary>
    internal static Asked? Parse(IQueryCollection query, DateTimeOffset now)
    {
        if (!Flag(query, "follow", out var follow) || !Flag(query, "previous", out var previous) || !Flag(query, "timestamps", out var timestamps)
            || !Number(query, "tailLines", 0, out var tail) || !Number(query, "limitBytes", 1, out var limit) || !Number(query, "sinceSeconds", 1, out var seconds))
        {
            return null;
        }

        DateTimeOffset? since = seconds is { } ago ? now.AddSeconds(-ago) : null;
        if (query["sinceTime"].ToString() is { Length: > 0 } text)
        {
            if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                return null;
            }

            since = time;
        }

        var stream = query["stream"].ToString();
        return new Asked(
            new LogQuery
            {
                Follow = follow,
                Tail = tail,
                Timestamps = timestamps,
                Since = since,
                Stdout = stream is not "Stderr",
                Stderr = stream is not "Stdout",
            },
            previous,
            limit);
    }

    private static bool Flag(IQueryCollection query, string name, out bool value)
    {
        var text = query[name].ToString();
        value = text is "true" or "1";
        return text is "" or "true" or "1" or "false" or "0";
    }

    private static bool Number(IQueryCollection query, string name, long minimum, out long? value)
    {
        value = null;
        if (query[name].ToString() is not { Length: > 0 } text)
        {
            return true;
        }

        var parsed = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= minimum;
        value = number;
        return parsed;
    }

    /// <summary>What a client asked for.</summary>
    internal sealed record Asked(LogQuery Query, bool Previous, long? LimitBytes);
}
