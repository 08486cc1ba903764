using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Probes;

/// <summary>Which question a probe answers.</summary>
internal enum ProbeKind
{
    /// <summary>May it get requests?</summary>
    Readiness,

    /// <summary>Must it be restarted?</summary>
    Liveness,

    /// <summary>Has it come up? The other probes wait for it.</summary>
    Startup,
}

/// <summary>Counts results against the thresholds of a probe; pure.</summary>
internal sealed class ProbeState(ProbeKind kind, Probe probe)
{
    private bool? _last;
    private int _run;

    /// <summary>What the probe says: true success, false failure, null nothing yet.</summary>
    public bool? Verdict { get; private set; }

    /// <summary>Whether there is nothing more to ask: a startup probe that said either, a liveness probe that failed.</summary>
    public bool Done => (kind == ProbeKind.Startup && Verdict is not null) || (kind == ProbeKind.Liveness && Verdict == false);

    /// <summary>Takes a result; true when the verdict changed.</summary>
    public bool Add(bool succeeded)
    {
        _run = _last == succeeded ? _run + 1 : 1;
        _last = succeeded;
        var threshold = succeeded ? probe.SuccessThreshold ?? 1 : probe.FailureThreshold ?? 3;
        if (_run < threshold || Verdict == succeeded)
        {
            return false;
        }

        Verdict = succeeded;
        return true;
    }

    /// <summary>Time of the first look: <c>initialDelaySeconds</c> after the start.</summary>
    public static TimeSpan InitialDelay(Probe probe) => TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0);

    /// <summary>Time between looks. 10 s where the probe says none.</summary>
    public static TimeSpan Period(Probe probe) => TimeSpan.FromSeconds(Math.Max(1, probe.PeriodSeconds ?? 10));

    /// <summary>How long one look may take. 1 s where the probe says none.</summary>
    public static TimeSpan Timeout(Probe probe) => TimeSpan.FromSeconds(Math.Max(1, probe.TimeoutSeconds ?? 1));
}
