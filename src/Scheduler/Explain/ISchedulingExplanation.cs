using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Scheduler.Framework;

namespace KubeAspire.Scheduler.Explain;

/// <summary>Answers "why is it there, why is it not": the last decision about each pod, as far back as memory allows.</summary>
public interface ISchedulingExplanation
{
    /// <summary>The last decision about a pod, or null where there was none or it is forgotten.</summary>
    ExplainedDecision? Find(ObjectKey pod);
}

/// <summary>A decision and its circumstances.</summary>
/// <param name="Decision">What was decided and why.</param>
/// <param name="Uid">The pod's uid: a later pod of that name is another.</param>
/// <param name="At">When.</param>
/// <param name="Attempt">The how manieth attempt it was; 1 for the first.</param>
public sealed record ExplainedDecision(SchedulingDecision Decision, string Uid, DateTimeOffset At, int Attempt);
