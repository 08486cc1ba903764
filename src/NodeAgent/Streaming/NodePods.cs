using KubeAspire.NodeAgent.Pods;
using KubeAspire.Resources;
using Microsoft.AspNetCore.Http;

namespace KubeAspire.NodeAgent.Streaming;

/// <summary><c>GET /pods</c>: the pods bound to this node, as a list.</summary>
internal static class NodePods
{
    public static async Task ListAsync(HttpContext context, PodManager pods)
    {
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync("{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":["u8.ToArray(), context.RequestAborted);
        var first = true;
        foreach (var pod in pods.List())
        {
            if (!first)
            {
                await context.Response.Body.WriteAsync(","u8.ToArray(), context.RequestAborted);
            }

            first = false;
            await context.Response.Body.WriteAsync(KubernetesJson.Write(pod), context.RequestAborted);
        }

        await context.Response.Body.WriteAsync("]}"u8.ToArray(), context.RequestAborted);
    }
}
