namespace KubeAspire.ApiServer;

/// <summary>Every bound of the API server, with its unit and its source.</summary>
public static class ApiLimits
{
    /// <summary>Largest request body, bytes: upstream's MaxRequestBodyBytes, 3 MiB.</summary>
    public const int BodyBytes = 3 * 1024 * 1024;

    /// <summary>Largest stored object, bytes: etcd's default request limit, 1.5 MiB.</summary>
    public const int ObjectBytes = 1536 * 1024;

    /// <summary>Largest sum of annotation keys and values, bytes: upstream's TotalAnnotationSizeLimitB.</summary>
    public const int AnnotationBytes = 256 * 1024;

    /// <summary>How long a read waits for a revision that lies ahead: upstream's watch cache, 3 s.</summary>
    public static readonly TimeSpan FutureRevisionWait = TimeSpan.FromSeconds(3);

    /// <summary>How often a watch sends a bookmark: upstream, about a minute.</summary>
    public static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);

    /// <summary>How long before its end a watch sends a last bookmark: upstream, 2 s.</summary>
    public static readonly TimeSpan LastBookmark = TimeSpan.FromSeconds(2);

    /// <summary>Shortest default watch; the end is drawn from here to twice as long. Upstream's min-request-timeout, 1800 s.</summary>
    public static readonly TimeSpan WatchDuration = TimeSpan.FromSeconds(1800);

    /// <summary>How long a watcher may leave its buffer full before it is ended: it can resume from its last revision.</summary>
    public static readonly TimeSpan SlowWatcher = TimeSpan.FromSeconds(30);

    /// <summary>How often a write that names no resourceVersion is tried again after losing a race.</summary>
    public const int WriteAttempts = 30;

    /// <summary>How often a generated name is drawn again where it is taken: upstream's maxNameGenerationCreateAttempts.</summary>
    public const int NameAttempts = 8;

    /// <summary>Answers from this size on are compressed where the client accepts it, bytes: upstream's 128 KiB.</summary>
    public const int CompressFrom = 128 * 1024;

    /// <summary>A list is flushed to the client whenever so many bytes are buffered.</summary>
    public const int ListChunkBytes = 64 * 1024;

    /// <summary>Most objects read from the store at once while a selector filters a limited list.</summary>
    public const int ListScan = 1000;

    /// <summary>Requests served at once, writes: upstream's max-mutating-requests-inflight.</summary>
    public const int MutatingInFlight = 200;

    /// <summary>Requests served at once, reads other than watches: upstream's max-requests-inflight.</summary>
    public const int ReadsInFlight = 400;

    /// <summary>Longest life of a requested token: upstream's 2^32 s; ours a year.</summary>
    public static readonly TimeSpan LongestToken = TimeSpan.FromDays(365);
}
