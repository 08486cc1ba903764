using KubeAspire.NodeAgent.Probes;
using KubeAspire.Resources.Core;

namespace KubeAspire.NodeAgent.Tests.Probes;

public sealed class ProbeStateTests
{
    public static TheoryData<string, int, int, string, string> Cases => new()
    {
        // kind      success failure  results   verdict after each (? none yet, + success, - failure)
        { "Readiness", 1, 3, "+",        "+" },
        { "Readiness", 1, 3, "---",      "??-" },
        { "Readiness", 1, 3, "+--+---",  "++++++-" },
        { "Readiness", 2, 1, "+-++",     "?--+" },
        { "Liveness",  1, 2, "-+--",     "?++-" },
        { "Startup",   1, 3, "--+",      "??+" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Verdict_ChangesAtTheThresholds(string kind, int success, int failure, string results, string verdicts)
    {
        var state = new ProbeState(Enum.Parse<ProbeKind>(kind), new Probe { SuccessThreshold = success, FailureThreshold = failure });
        var seen = string.Concat(results.Select(result =>
        {
            state.Add(result == '+');
            return state.Verdict switch { null => '?', true => '+', false => '-' };
        }));
        Assert.Equal(verdicts, seen);
    }

    [Fact]
    public void Add_TellsOfChangesOnly()
    {
        var state = new ProbeState(ProbeKind.Readiness, new Probe { FailureThreshold = 1 });
        Assert.Equal([true, false, true, false, true], new[] { true, true, false, false, true }.Select(state.Add));
    }

    [Fact]
    public void StartupAndFailedLiveness_NeedNoMoreLooks()
    {
        var startup = new ProbeState(ProbeKind.Startup, new Probe());
        startup.Add(true);
        var liveness = new ProbeState(ProbeKind.Liveness, new Probe { FailureThreshold = 1 });
        liveness.Add(true);
        Assert.True(startup.Done);
        Assert.False(liveness.Done);
        liveness.Add(false);
        Assert.True(liveness.Done);
    }
}
