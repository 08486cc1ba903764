using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>GET of a collection: consistent, in pages, filtered.</summary>
/// <remarks>Rules of limit, continue, resourceVersion and resourceVersionMatch: Kubernetes API concepts, "Resource versions".</remarks>
internal sealed class List(IStateEngine engine, Revisions revisions)
{
    private const string ExpiredText =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the "
        + "continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
        + "that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

    public async Task<ApiAnswer> HandleAsync(ApiRequest request, ResourceKind kind, CancellationToken cancellationToken)
    {
        var selection = Selection.Of(request, kind);
        if (!selection.Succeeded)
        {
            return selection.Error;
        }

        var query = request.Query;
        var (asked, match, token) = (query["resourceVersion"], query["resourceVersionMatch"], query["continue"]);
        if ((Refusal.Numbers(query, "limit", "timeoutSeconds") ?? CheckOptions(query, asked, match, token)) is { } broken)
        {
            return broken;
        }

        long revision = 0;
        ContinueToken? resume = null;
        if (token.Length > 0)
        {
            resume = ContinueToken.Decode(token);
            if (resume is null)
            {
                return ApiErrors.BadRequest("continue key is not valid: encoding is not recognized");
            }

            revision = Math.Max(0, resume.Revision);
        }
        else if (asked is not ("" or "0"))
        {
            if (await revisions.ReachAsync(asked, cancellationToken) is { } ahead)
            {
                return ahead;
            }

            // Without a match, a limited list at a revision is exact; otherwise the revision is the least that will do.
            var exact = match == "Exact" || (match.Length == 0 && query.Number("limit") > 0);
            revision = exact ? Revisions.Parse(asked)!.Value : 0;
        }

        return await CollectAsync(kind, selection.Value, revision, resume, (int)Math.Clamp(query.Number("limit") ?? 0, 0, int.MaxValue), cancellationToken);
    }

    private async Task<ApiAnswer> CollectAsync(
        ResourceKind kind, Selection selection, long revision, ContinueToken? resume, int limit, CancellationToken cancellationToken)
    {
        var collection = kind.Type.GroupResource;
        var after = resume?.After(collection);
        if (selection.IsAll || limit == 0)
        {
            var page = await engine.Of(kind).ListAsync(selection.Range, revision, limit, after, cancellationToken);
            if (page.Outcome != StateReadOutcome.Ok)
            {
                return Expired(page.Outcome, resume, revision);
            }

            var items = selection.IsAll ? page.Entries : [.. page.Entries.Where(selection.Matches)];
            return new ListAnswer(kind, items, page.Revision, page.More ? Next(page.Entries[^1], page.Revision) : "", page.More && page.Remaining >= 0 ? page.Remaining : null);
        }

        var found = new List<StateEntry>();
        while (true)
        {
            var page = await engine.Of(kind).ListAsync(selection.Range, revision, ApiLimits.ListScan, after, cancellationToken);
            if (page.Outcome != StateReadOutcome.Ok)
            {
                return Expired(page.Outcome, resume, revision);
            }

            revision = page.Revision;
            foreach (var entry in page.Entries)
            {
                if (!selection.Matches(entry))
                {
                    continue;
                }

                if (found.Count == limit)
                {
                    return new ListAnswer(kind, found, revision, Next(found[^1], revision), null);
                }

                found.Add(entry);
            }

            if (!page.More)
            {
                return new ListAnswer(kind, found, revision, "", null);
            }

            after = page.Entries[^1].Key;
        }
    }

    private static string Next(StateEntry last, long revision) => new ContinueToken(revision, last.Key.Namespace, last.Key.Name).Encode();

    private ApiError Expired(StateReadOutcome outcome, ContinueToken? resume, long revision)
    {
        if (outcome == StateReadOutcome.Future)
        {
            return ApiErrors.TooLargeResourceVersion(revision, engine.Revision);
        }

        return resume is null
            ? ApiErrors.Expired("The resourceVersion for the provided list is too old.")
            : ApiErrors.Expired(ExpiredText) with { Continue = (resume with { Revision = -1 }).Encode() };
    }

    private static ApiError? CheckOptions(RequestQuery query, string asked, string match, string token)
    {
        var errors = new List<FieldError>();
        if (match.Length > 0)
        {
            if (token.Length > 0)
            {
                errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
            }

            if (asked.Length == 0)
            {
                errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }

            if (match is not ("Exact" or "NotOlderThan"))
            {
                errors.Add(FieldError.NotSupported("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""]));
            }

            if (match == "Exact" && asked == "0")
            {
                errors.Add(FieldError.Forbidden("resourceVersionMatch", "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\""));
            }
        }

        if (query.Has("sendInitialEvents"))
        {
            errors.Add(FieldError.Forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }

        if (errors.Count > 0)
        {
            return Refusal.Options("ListOptions", errors);
        }

        return token.Length > 0 && asked is not ("" or "0") ? ApiErrors.BadRequest("specifying resource version is not allowed when using continue") : null;
    }
}
