namespace KubeAspire.StateStore.Redis;

/// <summary>Asks Redis where the log ends, once for all who want to know at a moment.</summary>
/// <param name="ask">Asks.</param>
internal sealed class HeadReader(Func<Task<LogHead>> ask)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource<LogHead>? _next;
    private bool _asking;

    /// <summary>The end of the log at some moment after this call.</summary>
    public Task<LogHead> ReadAsync()
    {
        bool begin;
        Task<LogHead> answer;
        lock (_gate)
        {
            _next ??= new TaskCompletionSource<LogHead>(TaskCreationOptions.RunContinuationsAsynchronously);
            answer = _next.Task;
            begin = !_asking;
            _asking = true;
        }

        if (begin)
        {
            _ = AskAsync();
        }

        return answer;
    }

    private async Task AskAsync()
    {
        while (true)
        {
            TaskCompletionSource<LogHead> waiting;
            lock (_gate)
            {
                if (_next is null)
                {
                    _asking = false;
                    return;
                }

                (waiting, _next) = (_next, null);
            }

            try
            {
                waiting.SetResult(await ask());
            }
#pragma warning disable CA1031 // Theirs to judge who asked.
            catch (Exception failed)
#pragma warning restore CA1031
            {
                waiting.SetException(failed);
                _ = waiting.Task.Exception;
            }
        }
    }
}
