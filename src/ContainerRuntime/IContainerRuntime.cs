namespace KubeAspire.ContainerRuntime;

/// <summary>
/// What a node agent needs of a container runtime. A pod is a sandbox (which owns the network namespace and the address) and
/// containers that join it; both are containers to the runtime and share the calls that follow their creation.
/// </summary>
/// <remarks>
/// Refusals are returned, not thrown; the only exception is <see cref="OperationCanceledException"/>. Every call is bounded in time:
/// one that gets no answer ends as <see cref="RuntimeErrorKind.Timeout"/>. Creating, stopping and removing are idempotent where
/// the caller names things deterministically: a name that is taken is a <see cref="RuntimeErrorKind.Conflict"/>, to be adopted.
/// </remarks>
public interface IContainerRuntime
{
    /// <summary>Name and version, for the Node's status. Also the cheapest proof of life.</summary>
    Task<RuntimeResult<RuntimeVersion>> GetVersionAsync(CancellationToken cancellationToken);

    /// <summary>What the runtime says of its machine.</summary>
    Task<RuntimeResult<RuntimeInfo>> GetInfoAsync(CancellationToken cancellationToken);

    /// <summary>Creates a sandbox without starting it; returns its id. Containers may be created against its name at once.</summary>
    Task<RuntimeResult<string>> CreateSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken);

    /// <summary>Creates a container without starting it; returns its id.</summary>
    Task<RuntimeResult<string>> CreateContainerAsync(ContainerSpec spec, CancellationToken cancellationToken);

    /// <summary>Starts a created container. Starting one that runs succeeds.</summary>
    Task<RuntimeError?> StartAsync(string id, CancellationToken cancellationToken);

    /// <summary>Sends the container's stop signal, waits up to <paramref name="grace"/>, then kills. One that is not running succeeds.</summary>
    Task<RuntimeError?> StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>Sends a signal, such as <c>SIGKILL</c>. One that is not running, or not there, succeeds.</summary>
    Task<RuntimeError?> KillAsync(string id, string signal, CancellationToken cancellationToken);

    /// <summary>Waits, without a limit of its own, until a container does not run. One that is not there succeeds.</summary>
    Task<RuntimeError?> WaitAsync(string id, CancellationToken cancellationToken);

    /// <summary>Removes a container with its anonymous volumes, killing it first. One that is not there succeeds.</summary>
    Task<RuntimeError?> RemoveAsync(string id, CancellationToken cancellationToken);

    /// <summary>Reads one container by id or name.</summary>
    Task<RuntimeResult<ContainerInfo>> InspectAsync(string idOrName, CancellationToken cancellationToken);

    /// <summary>Containers, running or not, that carry all of the labels.</summary>
    Task<RuntimeResult<IReadOnlyList<ContainerInfo>>> ListAsync(IReadOnlyDictionary<string, string> labels, CancellationToken cancellationToken);

    /// <summary>Changes of containers with the labels from now on. Ends when the runtime goes away; the caller lists again and resumes.</summary>
    /// <param name="labels">Labels that a container must carry.</param>
    /// <param name="connected">Called once the stream is established: what happens after it is not missed.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    IAsyncEnumerable<RuntimeEvent> WatchEventsAsync(IReadOnlyDictionary<string, string> labels, Action? connected, CancellationToken cancellationToken);

    /// <summary>What a container wrote, line by line as it was written, until it ends (<see cref="LogQuery.Follow"/>) or until now.</summary>
    /// <exception cref="ContainerRuntimeException">The container is not there or its log cannot be read.</exception>
    IAsyncEnumerable<LogChunk> ReadLogsAsync(string id, LogQuery query, CancellationToken cancellationToken);

    /// <summary>Runs a command in a running container and collects what it says, bounded by <see cref="ExecSpec.OutputBytesMax"/>.</summary>
    Task<RuntimeResult<ExecResult>> ExecAsync(string id, ExecSpec spec, CancellationToken cancellationToken);

    /// <summary>Runs a command in a running container and talks to it.</summary>
    Task<RuntimeResult<ContainerStream>> OpenExecAsync(string id, ExecStreamSpec spec, CancellationToken cancellationToken);

    /// <summary>Joins the streams of a running container's own process, from now on.</summary>
    Task<RuntimeResult<ContainerStream>> AttachAsync(string id, AttachSpec spec, CancellationToken cancellationToken);

    /// <summary>Current consumption of a running container.</summary>
    Task<RuntimeResult<ContainerStats>> GetStatsAsync(string id, CancellationToken cancellationToken);

    /// <summary>Reads one image by name or id.</summary>
    Task<RuntimeResult<ImageInfo>> InspectImageAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Images on the machine.</summary>
    Task<RuntimeResult<IReadOnlyList<ImageInfo>>> ListImagesAsync(CancellationToken cancellationToken);

    /// <summary>Fetches an image from its registry.</summary>
    Task<RuntimeResult<ImageInfo>> PullImageAsync(string reference, RegistryCredential? credential, IProgress<PullProgress>? progress, CancellationToken cancellationToken);

    /// <summary>Makes an image of a root file system in a tar stream.</summary>
    /// <param name="reference">Name and tag.</param>
    /// <param name="tar">The root file system.</param>
    /// <param name="changes">Dockerfile instructions such as <c>ENTRYPOINT ["/pause"]</c>.</param>
    /// <param name="cancellationToken">Ends the import.</param>
    Task<RuntimeResult<ImageInfo>> ImportImageAsync(string reference, Stream tar, IReadOnlyList<string> changes, CancellationToken cancellationToken);

    /// <summary>Removes an image. One that is not there succeeds.</summary>
    Task<RuntimeError?> RemoveImageAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Makes sure that a bridge network of this name exists. One that exists with another subnet is a conflict.</summary>
    Task<RuntimeError?> EnsureNetworkAsync(NetworkSpec spec, CancellationToken cancellationToken);

    /// <summary>Removes a network. One that is not there succeeds.</summary>
    Task<RuntimeError?> RemoveNetworkAsync(string name, CancellationToken cancellationToken);
}
