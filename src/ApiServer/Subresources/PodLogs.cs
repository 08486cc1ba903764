using System.Globalization;
using System.Net;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Nodes;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Streaming;
using KubeAspire.Resources;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace KubeAspire.ApiServer.Subresources;

/// <summary><c>pods/log</c>: the node's log of a container, passed through as it comes.</summary>
internal sealed class PodLogs(IStateEngine engine, NodeTunnels tunnels)
{
    private const int CopyBytes = 32 * 1024;
    private static readonly string[] s_flags = ["follow", "timestamps", "previous"];
    private static readonly string[] s_passed = ["tailLines", "sinceSeconds", "sinceTime", "limitBytes"];

    public async Task<ApiAnswer> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var (ns, name) = (request.Info.Namespace, request.Info.Name);
        if (request.Info.Verb != "get")
        {
            return ApiErrors.MethodNotAllowed();
        }

        if (CheckOptions(request.Query, name) is { } broken)
        {
            return broken;
        }

        if (await engine.GetAsync(Objects.KeyOf(Pod.ResourceType, ns, name), cancellationToken) is not { } entry)
        {
            return ApiErrors.NotFound(Pod.ResourceType, name);
        }

        var pod = (Pod)entry.View<IKubernetesObject>(stored => KubernetesJson.Read<Pod>(stored.Json.Span));
        var container = PodContainers.Choose(pod, request.Query["container"]);
        if (!container.Succeeded)
        {
            return container.Error;
        }

        if (string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            return new ObjectAnswer(default); // Upstream answers an unscheduled pod's log with nothing.
        }

        if (tunnels.Find(pod.Spec.NodeName) is not { } node)
        {
            return ApiErrors.InternalError($"Get \"https://{pod.Spec.NodeName}/containerLogs/{ns}/{name}/{container.Value}\": node \"{pod.Spec.NodeName}\" is not connected");
        }

        var query = string.Join('&', s_flags.Where(request.Query.Flag).Select(key => key + "=true")
            .Concat(s_passed.Where(request.Query.Has).Select(key => $"{key}={Uri.EscapeDataString(request.Query[key])}")));
        var path = $"/containerLogs/{Uri.EscapeDataString(ns)}/{Uri.EscapeDataString(name)}/{Uri.EscapeDataString(container.Value)}?{query}";
        return await OpenAsync(node, path, pod.Spec.NodeName, cancellationToken);
    }

    private static async Task<ApiAnswer> OpenAsync(HttpClient node, string path, string nodeName, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await node.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception broken) when (broken is HttpRequestException || (broken is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The node went, and its tunnel with it.
            return ApiErrors.InternalError($"Get \"https://{nodeName}{path}\": {broken.Message}");
        }

        if (response.StatusCode == HttpStatusCode.OK)
        {
            return new StreamAnswer(http => CopyAsync(response, http));
        }

        using (response)
        {
            return await NodeTunnels.RefusalOf(response, cancellationToken);
        }
    }

    private static async Task CopyAsync(HttpResponseMessage response, HttpContext http)
    {
        using var owned = response;
        http.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinResponseDataRateFeature>()?.MinDataRate = null;
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        http.Response.ContentType = "text/plain";
        await http.Response.StartAsync(http.RequestAborted);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(http.RequestAborted);
            var buffer = new byte[CopyBytes];
            while (await body.ReadAsync(buffer, http.RequestAborted) is > 0 and var read)
            {
                await http.Response.Body.WriteAsync(buffer.AsMemory(0, read), http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or HttpRequestException)
        {
            http.Abort(); // The reader went, or the node did: an answer cut short must not look whole.
        }
    }

    private static ApiError? CheckOptions(RequestQuery query, string name)
    {
        var errors = new List<FieldError>();
        foreach (var (field, least) in ((string, long)[])[("tailLines", 0), ("sinceSeconds", 1), ("limitBytes", 1)])
        {
            if (query.Has(field) && !(query.Number(field) >= least))
            {
                errors.Add(FieldError.Invalid(field, query[field], least == 0 ? "must be greater than or equal to 0" : "must be greater than 0"));
            }
        }

        if (query.Has("sinceSeconds") && query.Has("sinceTime"))
        {
            errors.Add(FieldError.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
        }

        if (query.Has("sinceTime") && !DateTimeOffset.TryParse(query["sinceTime"], CultureInfo.InvariantCulture, out _))
        {
            errors.Add(FieldError.Invalid("sinceTime", query["sinceTime"], "must be RFC 3339"));
        }

        return errors.Count == 0 ? null : ApiErrors.Invalid("", "PodLogOptions", name, errors);
    }
}
