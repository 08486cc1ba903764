using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using KubeAspire.ContainerRuntime;

namespace KubeAspire.Testing.Runtime;

/// <summary>
/// A container runtime in memory. Containers run until a test ends them (<see cref="Exit"/>); images are there once
/// <see cref="AddImage"/> says so. <see cref="FailNext"/> makes a call fail, before or after it took effect.
/// </summary>
public sealed class FakeContainerRuntime(TimeProvider? clock = null) : IContainerRuntime
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _containers = [];
    private readonly Dictionary<string, ImageInfo> _images = [];
    private readonly Dictionary<string, NetworkSpec> _networks = [];
    private readonly List<Channel<RuntimeEvent>> _listeners = [];
    private readonly List<(string Call, RuntimeError Error, bool Afterwards)> _faults = [];
    private readonly List<string> _calls = [];
    private readonly TimeProvider _clock = clock ?? new ManualClock();
    private int _ids;

    /// <summary>What a command answers: by default exit code 0 and nothing.</summary>
    public Func<string, ExecSpec, RuntimeResult<ExecResult>> Exec { get; set; } = (_, _) => new ExecResult(0, "");

    /// <summary>The process that a command to talk to becomes: by default one that ends at once.</summary>
    public Func<string, ExecStreamSpec, RuntimeResult<ContainerStream>> OpenExec { get; set; } = (_, _) => Ended();

    /// <summary>The process that is attached to: by default one that has ended.</summary>
    public Func<string, AttachSpec, RuntimeResult<ContainerStream>> Attach { get; set; } = (_, _) => Ended();

    /// <summary>What a pull answers: by default that the image is not found.</summary>
    public Func<string, RuntimeError?> Pull { get; set; } = reference => new RuntimeError(RuntimeErrorKind.NotFound, $"manifest for {reference} not found");

    /// <summary>Calls so far, as <c>verb name</c>.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_gate)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>Everything there is, in the order of creation.</summary>
    public IReadOnlyList<ContainerInfo> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _containers.Values.Select(one => one.Info)];
            }
        }
    }

    /// <summary>What a container was created from.</summary>
    public ContainerSpec SpecOf(string name)
    {
        lock (_gate)
        {
            return Find(name)?.Spec ?? throw new InvalidOperationException($"no container {name}");
        }
    }

    /// <summary>Puts an image on the machine.</summary>
    public void AddImage(string reference, string user = "")
    {
        lock (_gate)
        {
            _images[reference] = new ImageInfo($"sha256:{reference.GetHashCode(StringComparison.Ordinal):x8}", [reference], [], 1000, user);
        }
    }

    /// <summary>Makes the next call of a kind (<c>create</c>, <c>start</c>, <c>stop</c>, <c>list</c>…) fail.</summary>
    public void FailNext(string call, RuntimeError error, bool afterwards = false)
    {
        lock (_gate)
        {
            _faults.Add((call, error, afterwards));
        }
    }

    /// <summary>Ends a running container.</summary>
    public void Exit(string name, int code, bool oomKilled = false)
    {
        lock (_gate)
        {
            End(Find(name) ?? throw new InvalidOperationException($"no container {name}"), code, oomKilled);
        }
    }

    /// <summary>A container says something.</summary>
    public void Log(string name, string line, bool stderr = false)
    {
        lock (_gate)
        {
            Find(name)!.Log.Add((stderr, line, _clock.GetUtcNow()));
        }
    }

    public Task<RuntimeResult<RuntimeVersion>> GetVersionAsync(CancellationToken cancellationToken) =>
        Do<RuntimeVersion>("version", "", () => new RuntimeVersion("fake", "1.0", "1.41"));

    public Task<RuntimeResult<RuntimeInfo>> GetInfoAsync(CancellationToken cancellationToken) =>
        Do<RuntimeInfo>("info", "", () => new RuntimeInfo("Fake OS", "linux", "x86_64", "6.0", 2, 4L << 30, "/var/lib/fake"));

    public Task<RuntimeResult<string>> CreateSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken) => Do("create", spec.Name, () =>
    {
        if (spec.Network is { } network && !_networks.ContainsKey(network))
        {
            return new RuntimeError(RuntimeErrorKind.NotFound, $"network {network} not found");
        }

        var addresses = spec.Network is { } name && spec.IPv4Address is { } address ? new Dictionary<string, string> { [name] = address } : [];
        return Create(spec.Name, spec.Image, spec.Labels, null, addresses);
    });

    public Task<RuntimeResult<string>> CreateContainerAsync(ContainerSpec spec, CancellationToken cancellationToken) => Do("create", spec.Name, () =>
        Find(spec.Sandbox) is null
            ? new RuntimeError(RuntimeErrorKind.NotFound, $"No such container: {spec.Sandbox}")
            : Create(spec.Name, spec.Image, spec.Labels, spec, []));

    public Task<RuntimeError?> StartAsync(string id, CancellationToken cancellationToken) => Act("start", id, entry =>
    {
        if (entry.Info.State == ContainerState.Running)
        {
            return null;
        }

        if (entry.Spec is { } spec && Find(spec.Sandbox) is not { Info.State: ContainerState.Running })
        {
            return new RuntimeError(RuntimeErrorKind.Conflict, "cannot join network of a non running container");
        }

        entry.Info = entry.Info with { State = ContainerState.Running, StartedAt = _clock.GetUtcNow(), FinishedAt = null, Pid = ++_ids };
        Tell("start", entry);
        return null;
    });

    public Task<RuntimeError?> StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken) => Act("stop", id, entry => End(entry, 143), missingIsFine: true);

    public Task<RuntimeError?> KillAsync(string id, string signal, CancellationToken cancellationToken) => Act("kill", id, entry => End(entry, signal == "SIGKILL" ? 137 : 143), missingIsFine: true);

    public async Task<RuntimeError?> WaitAsync(string id, CancellationToken cancellationToken)
    {
        Task ended;
        lock (_gate)
        {
            ended = Find(id) is { Info.State: ContainerState.Running } entry ? entry.Ended.Task : Task.CompletedTask;
        }

        await ended.WaitAsync(cancellationToken);
        return null;
    }

    public Task<RuntimeError?> RemoveAsync(string id, CancellationToken cancellationToken) => Act(
        "remove",
        id,
        entry =>
        {
            End(entry, 137);
            _containers.Remove(entry.Info.Id);
            Tell("destroy", entry);
            return null;
        },
        missingIsFine: true);

    public Task<RuntimeResult<ContainerInfo>> InspectAsync(string idOrName, CancellationToken cancellationToken) => Do("inspect", idOrName, () =>
        Find(idOrName) is { } entry ? (RuntimeResult<ContainerInfo>)entry.Info : NoSuchContainer(idOrName));

    public Task<RuntimeResult<IReadOnlyList<ContainerInfo>>> ListAsync(IReadOnlyDictionary<string, string> labels, CancellationToken cancellationToken) =>
        Do("list", "", () => (RuntimeResult<IReadOnlyList<ContainerInfo>>)_containers.Values.Select(one => one.Info).Where(info => Carries(info, labels)).ToList());

    public async IAsyncEnumerable<RuntimeEvent> WatchEventsAsync(
        IReadOnlyDictionary<string, string> labels, Action? connected, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<RuntimeEvent>();
        lock (_gate)
        {
            _listeners.Add(channel);
        }

        connected?.Invoke();
        await foreach (var one in channel.Reader.ReadAllAsync(cancellationToken))
        {
            if (labels.All(label => one.Labels.GetValueOrDefault(label.Key) == label.Value))
            {
                yield return one;
            }
        }
    }

    public async IAsyncEnumerable<LogChunk> ReadLogsAsync(string id, LogQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Entry entry;
        List<(bool Stderr, string Line, DateTimeOffset Time)> lines;
        lock (_gate)
        {
            entry = Find(id) ?? throw new ContainerRuntimeException(NoSuchContainer(id));
            lines = [.. entry.Log.Where(line => (query.Since is not { } since || line.Time >= since) && (line.Stderr ? query.Stderr : query.Stdout))];
        }

        foreach (var (stderr, line, time) in query.Tail is { } tail ? lines.TakeLast((int)tail) : lines)
        {
            yield return new LogChunk(stderr, Encoding.UTF8.GetBytes((query.Timestamps ? $"{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff}00Z " : "") + line + "\n"));
        }

        if (query.Follow)
        {
            await WaitAsync(id, cancellationToken);
        }
    }

    public Task<RuntimeResult<ExecResult>> ExecAsync(string id, ExecSpec spec, CancellationToken cancellationToken) => Do("exec", id, () =>
        Find(id) is not { } entry ? NoSuchContainer(id)
        : entry.Info.State != ContainerState.Running ? new RuntimeError(RuntimeErrorKind.Conflict, $"Container {id} is not running")
        : Exec(entry.Info.Name, spec));

    public Task<RuntimeResult<ContainerStream>> OpenExecAsync(string id, ExecStreamSpec spec, CancellationToken cancellationToken) => Do("open-exec", id, () =>
        Find(id) is { } entry ? OpenExec(entry.Info.Name, spec) : NoSuchContainer(id));

    public Task<RuntimeResult<ContainerStream>> AttachAsync(string id, AttachSpec spec, CancellationToken cancellationToken) => Do("attach", id, () =>
        Find(id) is { } entry ? Attach(entry.Info.Name, spec) : NoSuchContainer(id));

    public Task<RuntimeResult<ContainerStats>> GetStatsAsync(string id, CancellationToken cancellationToken) => Do("stats", id, () =>
        Find(id) is null ? (RuntimeResult<ContainerStats>)NoSuchContainer(id) : new ContainerStats(_clock.GetUtcNow(), 1000, 2000, 1500, 0, 0));

    public Task<RuntimeResult<ImageInfo>> InspectImageAsync(string reference, CancellationToken cancellationToken) => Do("inspect-image", reference, () =>
        FindImage(reference) is { } image ? (RuntimeResult<ImageInfo>)image : new RuntimeError(RuntimeErrorKind.NotFound, $"No such image: {reference}"));

    public Task<RuntimeResult<IReadOnlyList<ImageInfo>>> ListImagesAsync(CancellationToken cancellationToken) =>
        Do("list-images", "", () => (RuntimeResult<IReadOnlyList<ImageInfo>>)_images.Values.ToList());

    public Task<RuntimeResult<ImageInfo>> PullImageAsync(string reference, RegistryCredential? credential, IProgress<PullProgress>? progress, CancellationToken cancellationToken) =>
        Do("pull", reference, () =>
        {
            if (Pull(reference) is { } error)
            {
                return error;
            }

            AddImage(reference);
            return (RuntimeResult<ImageInfo>)_images[reference];
        });

    public Task<RuntimeResult<ImageInfo>> ImportImageAsync(string reference, Stream tar, IReadOnlyList<string> changes, CancellationToken cancellationToken) => Do("import", reference, () =>
    {
        AddImage(reference);
        return (RuntimeResult<ImageInfo>)_images[reference];
    });

    public async Task<RuntimeError?> RemoveImageAsync(string reference, CancellationToken cancellationToken) => (await Do("remove-image", reference, () =>
    {
        _images.Remove(reference);
        return (RuntimeResult<string>)reference;
    })).Error;

    public async Task<RuntimeError?> EnsureNetworkAsync(NetworkSpec spec, CancellationToken cancellationToken) => (await Do("ensure-network", spec.Name, () =>
        _networks.TryAdd(spec.Name, spec) || _networks[spec.Name].Subnet == spec.Subnet
            ? (RuntimeResult<string>)spec.Name
            : new RuntimeError(RuntimeErrorKind.Conflict, $"network {spec.Name} exists with another subnet than {spec.Subnet}"))).Error;

    public async Task<RuntimeError?> RemoveNetworkAsync(string name, CancellationToken cancellationToken) => (await Do("remove-network", name, () =>
    {
        _networks.Remove(name);
        return (RuntimeResult<string>)name;
    })).Error;

    private static FakeContainerStream Ended()
    {
        var stream = new FakeContainerStream();
        stream.Exit(0);
        return stream;
    }

    private static RuntimeError NoSuchContainer(string id) => new(RuntimeErrorKind.NotFound, $"No such container: {id}");

    private static bool Carries(ContainerInfo info, IReadOnlyDictionary<string, string> labels) => labels.All(label => info.Labels.GetValueOrDefault(label.Key) == label.Value);

    private Task<RuntimeResult<T>> Do<T>(string call, string name, Func<RuntimeResult<T>> work)
        where T : class
    {
        lock (_gate)
        {
            _calls.Add($"{call} {name}".TrimEnd());
            var fault = _faults.FindIndex(one => one.Call == call);
            if (fault < 0)
            {
                return Task.FromResult(work());
            }

            var (_, error, afterwards) = _faults[fault];
            _faults.RemoveAt(fault);
            if (afterwards)
            {
                work();
            }

            return Task.FromResult<RuntimeResult<T>>(error);
        }
    }

    private async Task<RuntimeError?> Act(string call, string id, Func<Entry, RuntimeError?> work, bool missingIsFine = false) => (await Do(call, id, () =>
        Find(id) is not { } entry
            ? missingIsFine ? id : (RuntimeResult<string>)NoSuchContainer(id)
            : work(entry) is { } error ? error : (RuntimeResult<string>)id)).Error;

    private RuntimeResult<string> Create(string name, string image, IReadOnlyDictionary<string, string> labels, ContainerSpec? spec, Dictionary<string, string> addresses)
    {
        if (FindImage(image) is not { } found)
        {
            return new RuntimeError(RuntimeErrorKind.NotFound, $"No such image: {image}");
        }

        if (_containers.Values.Any(one => one.Info.Name == name))
        {
            return new RuntimeError(RuntimeErrorKind.Conflict, $"Conflict. The container name \"/{name}\" is already in use");
        }

        var id = $"{++_ids:x64}";
        var entry = new Entry(new ContainerInfo
        {
            Id = id, Name = name, Image = image, ImageId = found.Id, Labels = new Dictionary<string, string>(labels), CreatedAt = _clock.GetUtcNow(), Addresses = addresses,
        }, spec);
        _containers[id] = entry;
        Tell("create", entry);
        return id;
    }

    private RuntimeError? End(Entry entry, int code, bool oomKilled = false)
    {
        if (entry.Info.State == ContainerState.Running)
        {
            entry.Info = entry.Info with { State = ContainerState.Exited, ExitCode = code, OomKilled = oomKilled, FinishedAt = _clock.GetUtcNow(), Pid = 0 };
            entry.Ended.TrySetResult();
            Tell("die", entry);
        }

        return null;
    }

    private Entry? Find(string idOrName) => _containers.GetValueOrDefault(idOrName) ?? _containers.Values.FirstOrDefault(one => one.Info.Name == idOrName);

    private ImageInfo? FindImage(string reference) => _images.GetValueOrDefault(reference) ?? _images.Values.FirstOrDefault(image => image.Id == reference);

    private void Tell(string action, Entry entry)
    {
        foreach (var listener in _listeners)
        {
            listener.Writer.TryWrite(new RuntimeEvent(action, entry.Info.Id, entry.Info.Labels, _clock.GetUtcNow()));
        }
    }

    private sealed class Entry(ContainerInfo info, ContainerSpec? spec)
    {
        public ContainerInfo Info { get; set; } = info;

        public ContainerSpec? Spec { get; } = spec;

        public List<(bool Stderr, string Line, DateTimeOffset Time)> Log { get; } = [];

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
