namespace KubeAspire.ApiServer.CustomResources;

/// <summary>The objects of one CustomResourceDefinition as a whole: whether new ones are taken, and who is about to store one.</summary>
/// <remarks>
/// A definition that is deleted empties its collection first. Once <see cref="CloseAsync"/> has returned, no create is under way and none
/// will begin: what a list shows then is all there is to delete, and a definition of the same name starts empty.
/// </remarks>
public sealed class CustomResourceCollection
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _creating;
    private bool _closed;

    /// <summary>Whether the definition is being deleted: nothing new is taken.</summary>
    public bool Terminating
    {
        get
        {
            lock (_gate)
            {
                return _closed;
            }
        }
    }

    /// <summary>Counts a create as under way until it is disposed; ask <see cref="Terminating"/> after.</summary>
    public IDisposable Enter()
    {
        lock (_gate)
        {
            _creating++;
        }

        return new Entered(this);
    }

    /// <summary>Takes nothing new from now on.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            if (_creating == 0)
            {
                _idle.TrySetResult();
            }
        }
    }

    /// <summary>Takes nothing new, and waits for what is under way.</summary>
    public Task CloseAsync(CancellationToken cancellationToken)
    {
        Close();
        return _idle.Task.WaitAsync(cancellationToken);
    }

    private void Leave()
    {
        lock (_gate)
        {
            _creating--;
            if (_closed && _creating == 0)
            {
                _idle.TrySetResult();
            }
        }
    }

    private sealed class Entered(CustomResourceCollection collection) : IDisposable
    {
        private CustomResourceCollection? _collection = collection;

        public void Dispose() => Interlocked.Exchange(ref _collection, null)?.Leave();
    }
}
