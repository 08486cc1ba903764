using System.Buffers;
using System.Diagnostics;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.ApiServer.Streaming;
using KubeAspire.StateStore;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace KubeAspire.ApiServer.Http;

/// <summary>Brings a request from the socket into the chain and its answer back: the one terminal delegate of the server.</summary>
public sealed class ApiFrontend(
    ApiPipeline pipeline, ServiceAccountTokens tokens, BootstrapTokens bootstrapTokens, ApiServerInstruments instruments, TimeProvider clock, ILogger<ApiFrontend> logger)
{
    private readonly AnswerWriter _writer = new(clock);

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var started = clock.GetTimestamp();
        var query = http.Request.QueryString.HasValue ? new RequestQuery(http.Request.Query.ToDictionary(pair => pair.Key, pair => pair.Value)) : RequestQuery.Empty;
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw && raw[0] == '/' ? PathOf(raw) : http.Request.Path.ToUriComponent();
        var info = RequestInfo.Parse(http.Request.Method, target, query.Has("watch") && query.Flag("watch"), NameSelected(query["fieldSelector"]), Upgrade.IsAsked(http));
        var longRunning = info is { Verb: "watch" } or { Subresource: "log" or "tunnel" or "exec" or "attach" or "portforward" or "proxy" };
        instruments.OnBegin(longRunning);
        try
        {
            await AnswerAsync(http, info, query);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
        catch (Exception broken) when (broken is not OutOfMemoryException)
        {
            logger.RequestFailed(broken, http.Request.Method, target);
            if (http.Response.HasStarted)
            {
                http.Abort();
            }
            else
            {
                await AnswerWriter.WriteErrorAsync(http, ErrorOf(broken));
            }
        }
        finally
        {
            // Whoever asks, even without credentials, must not make a new series by asking for what there is not.
            var known = info is not null && pipeline.Serves(info) ? info.ResourcePath : "";
            instruments.OnEnd(info?.Verb ?? "", known, http.Response.StatusCode, clock.GetElapsedTime(started), longRunning);
        }
    }

    // With a time to try again only where nothing was changed: clients then send even a create once more.
    private static ApiError ErrorOf(Exception broken) => broken switch
    {
        StateUnavailableException => ApiErrors.Timeout(broken.Message, retryAfterSeconds: 1),
        StateOutcomeUnknownException => ApiErrors.Timeout(broken.Message),
        _ => ApiErrors.InternalError("the request could not be answered; see the server's log"),
    };

    private async Task AnswerAsync(HttpContext http, RequestInfo? info, RequestQuery query)
    {
        var accepted = info is { IsResource: false } or { Subresource: "log" or "exec" or "attach" or "portforward" or "proxy" } ? new Accepted(AnswerShape.Object, "v1", AnswerFormat.Json)
            : info is null ? null : Accepted.Parse(http.Request.Headers.Accept.ToString(), info);
        if (info is null)
        {
            await AnswerWriter.WriteErrorAsync(http, ApiErrors.BadRequest("the path has an empty, a dot or an encoded-slash segment"));
            return;
        }

        if (accepted is null)
        {
            await AnswerWriter.WriteErrorAsync(http, ApiErrors.NotAcceptable(Accepted.ServedFor(info)));
            return;
        }

        var request = new ApiRequest
        {
            Info = info,
            Query = query,
            UserAgent = http.Request.Headers.UserAgent.ToString(),
            ReadBody = cancellationToken => ReadBodyAsync(http, cancellationToken),
            Http = http,
            TraceParent = Activity.Current is { Recorded: true, IdFormat: ActivityIdFormat.W3C } activity ? activity.Id : null,
        };
        var user = await AuthenticateAsync(http);
        if (user is null)
        {
            await AnswerWriter.WriteErrorAsync(http, ApiErrors.Unauthorized(), accepted.Format);
            return;
        }

        request.User = user;
        Describe(info, user);
        var answer = await pipeline.HandleAsync(request, http.RequestAborted);
        await _writer.WriteAsync(http, request, accepted, answer);
    }

    // Null: credentials were shown and are no good. A wrong credential is refused even where none is needed.
    private async ValueTask<ApiUser?> AuthenticateAsync(HttpContext http)
    {
        if (http.Connection.ClientCertificate is { } certificate)
        {
            return ClientCertificates.UserOf(certificate);
        }

        var authorization = http.Request.Headers.Authorization.ToString();
        if (authorization.Length == 0)
        {
            return ApiUser.Anonymous;
        }

        const string Bearer = "Bearer ";
        if (!authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var token = authorization[Bearer.Length..].Trim();
        return BootstrapTokens.IsOne(token) ? await bootstrapTokens.CheckAsync(token, http.RequestAborted) : (await tokens.CheckAsync(token, [], http.RequestAborted))?.User;
    }

    private static async ValueTask<ApiResult<RequestBody>> ReadBodyAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var mediaType = http.Request.ContentType ?? "";
        var semicolon = mediaType.IndexOf(';');
        mediaType = (semicolon < 0 ? mediaType : mediaType[..semicolon]).Trim().ToLowerInvariant();
        if (http.Request.ContentLength > ApiLimits.BodyBytes)
        {
            return ApiErrors.TooLarge(ApiLimits.BodyBytes);
        }

        var reader = http.Request.BodyReader;
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(cancellationToken);
                if (read.Buffer.Length > ApiLimits.BodyBytes)
                {
                    return ApiErrors.TooLarge(ApiLimits.BodyBytes);
                }

                if (read.IsCompleted)
                {
                    var bytes = read.Buffer.ToArray();
                    reader.AdvanceTo(read.Buffer.Start, read.Buffer.End); // Unconsumed, so that it can be read again.
                    return new RequestBody(bytes, mediaType);
                }

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (BadHttpRequestException broken)
        {
            return broken.StatusCode == StatusCodes.Status413PayloadTooLarge ? ApiErrors.TooLarge(ApiLimits.BodyBytes) : ApiErrors.BadRequest(broken.Message);
        }
    }

    private static void Describe(RequestInfo info, ApiUser user)
    {
        if (Activity.Current is not { IsAllDataRequested: true } activity || !activity.Source.HasListeners())
        {
            return;
        }

        activity.DisplayName = "apiserver.request";
        activity.SetTag("k8s.request.verb", info.Verb);
        activity.SetTag("user.name", user.Name);
        if (info.IsResource)
        {
            activity.SetTag("k8s.resource", info.GroupResource);
            activity.SetTag("k8s.namespace.name", info.Namespace);
            activity.SetTag("k8s.object.name", info.Name);
        }
    }

    private static string PathOf(string target) => target.IndexOf('?') is >= 0 and var end ? target[..end] : target;

    private static string? NameSelected(string fieldSelector)
    {
        if (fieldSelector.Length == 0)
        {
            return null;
        }

        const string Prefix = "metadata.name=";
        foreach (var part in fieldSelector.Split(','))
        {
            if (part.StartsWith(Prefix, StringComparison.Ordinal))
            {
                return part[Prefix.Length..].TrimStart('=');
            }
        }

        return null;
    }
}
