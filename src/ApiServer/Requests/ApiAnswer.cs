using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Requests;

/// <summary>What the chain answers. The HTTP side writes it in the format asked for; a caller in process reads it as it is.</summary>
public abstract record ApiAnswer
{
#pragma warning disable CA2225 // The conversion is the constructor.
    public static implicit operator ApiAnswer(ApiError error) => new ErrorAnswer(error);
#pragma warning restore CA2225
}

/// <summary>A refusal.</summary>
public sealed record ErrorAnswer(ApiError Error) : ApiAnswer;

/// <summary>One object, its bytes as stored.</summary>
/// <param name="Json">The object.</param>
/// <param name="Kind">Its kind; null for a Status or a review.</param>
/// <param name="Code">HTTP status.</param>
public sealed record ObjectAnswer(ReadOnlyMemory<byte> Json, ResourceKind? Kind = null, int Code = 200) : ApiAnswer
{
    /// <summary>The entry whose view may be shared; null where the object was not read from the store.</summary>
    public StateEntry? Entry { get; init; }
}

/// <summary>A list.</summary>
public sealed record ListAnswer(ResourceKind Kind, IReadOnlyList<StateEntry> Items, long Revision, string Continue, long? Remaining) : ApiAnswer;

/// <summary>A watch, not yet begun.</summary>
public sealed record WatchAnswer(ResourceKind Kind, IAsyncEnumerable<IReadOnlyList<WatchFrame>> Batches) : ApiAnswer;

/// <summary>Bytes of a type of their own: health texts, discovery, OpenAPI.</summary>
public sealed record RawAnswer(ReadOnlyMemory<byte> Body, string ContentType, int Code = 200) : ApiAnswer
{
    /// <summary>The ETag header, or null.</summary>
    public string? ETag { get; init; }

    /// <summary>The Cache-Control header, or null.</summary>
    public string? CacheControl { get; init; }
}

/// <summary>An answer that takes the connection over: logs, the node tunnel.</summary>
public sealed record StreamAnswer(Func<Microsoft.AspNetCore.Http.HttpContext, Task> Run) : ApiAnswer;

/// <summary>One event of a watch.</summary>
public readonly record struct WatchFrame(string Type, ReadOnlyMemory<byte> Object, StateEntry? Entry, ApiError? Error);
