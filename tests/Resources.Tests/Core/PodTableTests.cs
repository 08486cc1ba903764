namespace KubeAspire.Resources.Tests.Core;

public sealed class PodTableTests
{
    private const string Running = """{"running":{"startedAt":"2026-11-21T11:00:00Z"}}""";

    // spec containers, init containers, status, then READY, STATUS, RESTARTS.
    public static TheoryData<string, string, string, string, string> Cases => new()
    {
        { "just made", Spec("a"), """{"phase":"Pending"}""", "0/1|Pending|0", "" },
        { "creating", Spec("a"), Status("Pending", Container("a", """{"waiting":{"reason":"ContainerCreating"}}""")), "0/1|ContainerCreating|0", "" },
        { "running", Spec("a", "b"), Status("Running", Container("a", Running, ready: true), Container("b", Running)), "1/2|Running|0", "" },
        {
            "crashing", Spec("a"),
            Status("Running", Container("a", """{"waiting":{"reason":"CrashLoopBackOff"}}""", restarts: 4, last: """{"terminated":{"exitCode":1,"finishedAt":"2026-11-21T11:57:00Z"}}""")),
            "0/1|CrashLoopBackOff|4 (3m ago)", ""
        },
        { "done", Spec("a"), Status("Succeeded", Container("a", """{"terminated":{"exitCode":0,"reason":"Completed"}}""")), "0/1|Completed|0", "" },
        { "failed", Spec("a"), Status("Failed", Container("a", """{"terminated":{"exitCode":3,"reason":"Error"}}""")), "0/1|Error|0", "" },
        { "ended without a word", Spec("a"), Status("Failed", Container("a", """{"terminated":{"exitCode":3}}""")), "0/1|ExitCode:3|0", "" },
        { "ended by a signal", Spec("a"), Status("Failed", Container("a", """{"terminated":{"exitCode":137,"signal":9}}""")), "0/1|Signal:9|0", "" },
        { "out of memory", Spec("a"), Status("Running", Container("a", """{"terminated":{"exitCode":137,"reason":"OOMKilled"}}""")), "0/1|OOMKilled|0", "" },
        {
            "one done, one runs", Spec("a", "b"),
            """{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":["""
            + Container("a", """{"terminated":{"exitCode":0,"reason":"Completed"}}""") + "," + Container("b", Running, ready: true) + "]}",
            "1/2|Running|0", ""
        },
        {
            "one done, one runs, not ready", Spec("a", "b"),
            Status("Running", Container("a", """{"terminated":{"exitCode":0,"reason":"Completed"}}"""), Container("b", Running, ready: true)), "1/2|NotReady|0", ""
        },
        { "evicted", Spec("a"), """{"phase":"Failed","reason":"Evicted"}""", "0/1|Evicted|0", "" },
        { "gated", Spec("a"), """{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]}""", "0/1|SchedulingGated|0", "" },
        { "on its way out", Spec("a"), Status("Running", Container("a", Running, ready: true)), "1/1|Terminating|0", "2026-11-21T11:59:00Z" },
        { "ended and on its way out", Spec("a"), Status("Succeeded", Container("a", """{"terminated":{"exitCode":0,"reason":"Completed"}}""")), "0/1|Completed|0", "2026-11-21T11:59:00Z" },
        { "its node is lost", Spec("a"), """{"phase":"Running","reason":"NodeLost"}""", "0/1|Unknown|0", "2026-11-21T11:59:00Z" },
        {
            "second of two init containers", Init(["i", "j"], "a"),
            InitStatus(Container("i", """{"terminated":{"exitCode":0}}"""), Container("j", Running)), "0/1|Init:1/2|0", ""
        },
        { "init container failed", Init(["i"], "a"), InitStatus(Container("i", """{"terminated":{"exitCode":2,"reason":"Error"}}""")), "0/1|Init:Error|0", "" },
        { "init container failed silently", Init(["i"], "a"), InitStatus(Container("i", """{"terminated":{"exitCode":2}}""")), "0/1|Init:ExitCode:2|0", "" },
        { "init container crashes", Init(["i"], "a"), InitStatus(Container("i", """{"waiting":{"reason":"CrashLoopBackOff"}}""", restarts: 2)), "0/1|Init:CrashLoopBackOff|2", "" },
        { "init containers wait", Init(["i"], "a"), InitStatus(Container("i", """{"waiting":{"reason":"PodInitializing"}}""")), "0/1|Init:0/1|0", "" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheRow_SaysWhatPeopleKnow(string because, string spec, string status, string expected, string deleted)
    {
        var deletion = deleted.Length == 0 ? "" : $",\"deletionTimestamp\":\"{deleted}\"";
        var row = KindHarness.Row(KindHarness.Kind("Pod"), $$"""{"metadata":{"name":"p"{{deletion}}},"spec":{{spec}},"status":{{status}}}""");

        Assert.True(expected == string.Join('|', row.Skip(1).Take(3)), $"{because}: {string.Join('|', row)}");
    }

    [Fact]
    public void ASidecar_CountsAmongTheContainers()
    {
        const string Pod = """
            {"metadata":{"name":"p"},"spec":{"initContainers":[{"name":"s","restartPolicy":"Always"}],"containers":[{"name":"a"}]},
             "status":{"phase":"Running","initContainerStatuses":[{"name":"s","ready":true,"started":true,"restartCount":1,"image":"","imageID":"","state":{"running":{}}}],
             "containerStatuses":[{"name":"a","ready":true,"restartCount":1,"image":"","imageID":"","state":{"running":{}}}]}}
            """;

        Assert.Equal(["p", "2/2", "Running", "2"], KindHarness.Row(KindHarness.Kind("Pod"), Pod).Take(4));
    }

    [Fact]
    public void Wide_SaysWhereAndWhatItWaitsFor()
    {
        const string Pod = """
            {"metadata":{"name":"p","creationTimestamp":"2026-11-21T11:00:00Z"},
             "spec":{"nodeName":"node-1","containers":[{"name":"a"}],"readinessGates":[{"conditionType":"x/a"},{"conditionType":"x/b"}]},
             "status":{"phase":"Running","podIPs":[{"ip":"10.244.1.2"}],"conditions":[{"type":"x/a","status":"True"}]}}
            """;

        Assert.Equal(["60m", "10.244.1.2", "node-1", "<none>", "1/2"], KindHarness.Row(KindHarness.Kind("Pod"), Pod).Skip(4));
    }

    private static string Spec(params string[] containers) => Init([], containers);

    private static string Init(string[] init, params string[] containers) =>
        $$"""{"initContainers":[{{Names(init)}}],"containers":[{{Names(containers)}}]}""";

    private static string Names(string[] names) => string.Join(',', names.Select(name => $$"""{"name":"{{name}}"}"""));

    private static string Status(string phase, params string[] containers) => $$"""{"phase":"{{phase}}","containerStatuses":[{{string.Join(',', containers)}}]}""";

    private static string InitStatus(params string[] containers) => $$"""{"phase":"Pending","initContainerStatuses":[{{string.Join(',', containers)}}]}""";

    private static string Container(string name, string state, bool ready = false, int restarts = 0, string last = "{}") =>
        $$"""{"name":"{{name}}","ready":{{(ready ? "true" : "false")}},"restartCount":{{restarts}},"image":"","imageID":"","state":{{state}},"lastState":{{last}}}""";
}
