using KubeAspire.ApiMachinery.Fields;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Informers;

namespace KubeAspire.Controllers.Tests.World;

/// <summary>Informers that see the world only when told to: a cache as stale as a test wants it.</summary>
internal sealed class ManualInformers(IApiClient client) : IInformerFactory
{
    private readonly Dictionary<(ResourceType Type, Type Record, string? FieldSelector), IManualInformer> _informers = [];

    /// <inheritdoc/>
    public IInformer<T> For<T>(ResourceType type, string? fieldSelector = null)
        where T : class, IKubernetesObject
    {
        if (!_informers.TryGetValue((type, typeof(T), fieldSelector), out var informer))
        {
            _informers[(type, typeof(T), fieldSelector)] = informer = new ManualInformer<T>(client, type, FieldSelector.Parse(fieldSelector ?? "").Value!);
        }

        return (IInformer<T>)informer;
    }

    /// <inheritdoc/>
    public void Start(CancellationToken cancellationToken)
    {
    }

    /// <inheritdoc/>
    public void StartNew()
    {
    }

    /// <inheritdoc/>
    public void Remove<T>(ResourceType type)
        where T : class, IKubernetesObject
    {
        if (_informers.Remove((type, typeof(T), null), out var informer))
        {
            informer.Clear();
        }
    }

    /// <inheritdoc/>
    public Task WhenSyncedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Shows all informers the world as it is, or only those of one type.</summary>
    public async Task RefreshAsync(ResourceType? only = null)
    {
        foreach (var ((type, _, _), informer) in _informers.ToList())
        {
            if (only is null || only == type)
            {
                await informer.RefreshAsync();
            }
        }
    }

    private interface IManualInformer
    {
        Task RefreshAsync();

        void Clear();
    }

    private sealed class ManualInformer<T>(IApiClient client, ResourceType type, FieldSelector selector) : IInformer<T>, IManualInformer
        where T : class, IKubernetesObject
    {
        private readonly Dictionary<string, Func<T, IEnumerable<string>>> _indexes = [];
        private readonly List<Action<T?, T?>> _handlers = [];
        private readonly SortedDictionary<ObjectKey, T> _objects = [];

        public Task Synced => Task.CompletedTask;

        public T? Find(ObjectKey key) => _objects.GetValueOrDefault(key);

        public IReadOnlyCollection<T> List(string? ns = null) => [.. _objects.Values.Where(value => ns is null || value.Metadata.Namespace == ns)];

        public IReadOnlyCollection<T> ByIndex(string index, string value) => [.. _objects.Values.Where(each => _indexes[index](each).Contains(value))];

        public void AddIndex(string index, Func<T, IEnumerable<string>> valuesOf) => _indexes[index] = valuesOf;

        public void AddHandler(Action<T?, T?> onChange) => _handlers.Add(onChange);

        public async Task RefreshAsync()
        {
            var listed = await client.ListAsync<T>(type, null, ListQuery.All, default);
            var fresh = listed.Value!.Items.Where(IsSelected).ToDictionary(value => ObjectKey.Of(value));
            foreach (var (key, old) in _objects.ToList())
            {
                if (!fresh.TryGetValue(key, out var same) || same.Metadata.Uid != old.Metadata.Uid)
                {
                    _objects.Remove(key);
                    Tell(old, null);
                }
            }

            foreach (var (key, value) in fresh.OrderBy(pair => ulong.Parse(pair.Value.Metadata.ResourceVersion!)))
            {
                var before = _objects.GetValueOrDefault(key);
                if (before?.Metadata.ResourceVersion != value.Metadata.ResourceVersion)
                {
                    _objects[key] = value;
                    Tell(before, value);
                }
            }
        }

        public void Clear()
        {
            foreach (var old in _objects.Values)
            {
                Tell(old, null);
            }

            _objects.Clear();
        }

        private bool IsSelected(T value) =>
            selector.Matches(field => field == "metadata.name" ? value.Metadata.Name ?? "" : throw new NotSupportedException($"the field {field} in a selector"));

        private void Tell(T? before, T? after)
        {
            foreach (var handler in _handlers)
            {
                handler(before, after);
            }
        }
    }
}
