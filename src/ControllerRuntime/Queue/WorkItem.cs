using System.Diagnostics;
using KubeAspire.ApiMachinery.Meta;

namespace KubeAspire.ControllerRuntime.Queue;

/// <summary>A key handed to a worker, who gives it back with <see cref="WorkQueue.Complete"/>.</summary>
/// <param name="Key">What to work on.</param>
/// <param name="Cause">The trace of the first add since the last pass began; default where it named none.</param>
/// <param name="Waited">How long the key stood in the queue.</param>
public readonly record struct WorkItem(ObjectKey Key, ActivityContext Cause, TimeSpan Waited);
