using System.Diagnostics;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Gateway.Leases;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using static KubeAspire.Gateway.Tests.GatewayFixture;

namespace KubeAspire.Gateway.Tests;

public sealed class ControlPlaneTests
{
    private const string Url = "http://127.96.4.1:8080/";

    private static readonly ServicePort Http = new() { Name = "http", Port = 8080 };

    [Fact]
    public async Task WhileTheControlPlaneIsAway_TrafficGoesOn()
    {
        await using var pod = await Backend.StartAsync("pod");
        await using var gateway = await StartAsync(api =>
        {
            api.Seed(Service("web", "127.96.4.1", Http));
            api.Seed(Slice("web", "pod", pod.Port, "http"));
        });
        using var client = new HttpClient();

        foreach (var verb in new[] { "list", "watch", "patch", "get", "create" })
        {
            gateway.Api.ThrowNext(verb, null, new HttpRequestException("connection refused"), times: 1_000);
        }

        gateway.Api.EndWatches(because: new HttpRequestException("connection reset"));

        for (var i = 0; i < 50; i++)
        {
            Assert.Equal("pod HTTP/1.1", await client.GetStringAsync(Url));
        }
    }

    [Fact]
    public async Task TheLease_SaysWhatIsApplied_AndGoesWithTheGateway()
    {
        await using var gateway = await StartAsync(api => api.Seed(Service("web", "127.96.4.1", Http)));

        // A pod that was never ready changes no route, and still its revision is told: an agent may wait for it.
        var slice = gateway.Api.Seed(Slice("web", "pod", 1, "http", ready: false));
        var lease = await LeaseAsync(gateway, slice.Metadata.ResourceVersion!);
        Assert.Equal(("gateway", "test", 40), (lease.Metadata.Labels!["kubeaspire.dev/component"], lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds!.Value));

        // A slice that is deleted counts as well: its revision does not vanish with it.
        await gateway.Api.DeleteAsync(EndpointSlice.ResourceType, "default", slice.Metadata.Name!, new DeleteOptions(), CancellationToken.None);
        await LeaseAsync(gateway, slice.Metadata.ResourceVersion!);

        await gateway.DisposeAsync();
        Assert.Null(gateway.Api.Find<Lease>("kube-system", "gateway-test"));
    }

    [Fact]
    public async Task APodsFirstRequest_ClosesThePodsTrace_Once()
    {
        const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        var spans = new List<Activity>();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "KubeAspire.Gateway",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if ((string?)span.GetTagItem("k8s.pod.name") == "traced")
                {
                    lock (spans)
                    {
                        spans.Add(span);
                    }

                    ended.TrySetResult();
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var pod = await Backend.StartAsync("traced");
        await using var gateway = await StartAsync(api =>
        {
            api.Seed(Service("web", "127.96.4.1", Http));
            api.Seed(Slice("web", "traced", pod.Port, "http"));
            api.Seed(new Pod
            {
                Metadata = new ObjectMeta
                {
                    Name = "traced",
                    Namespace = "default",
                    Uid = "uid-traced",
                    CreationTimestamp = TimeProvider.System.GetUtcNow(),
                    Annotations = new Dictionary<string, string> { [Tracing.Annotation] = Trace },
                },
            });
        });
        using var client = new HttpClient();

        for (var i = 0; i < 10; i++)
        {
            await client.GetStringAsync(Url);
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10));
        lock (spans)
        {
            var span = Assert.Single(spans);
            Assert.Equal(("first request", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"), (span.OperationName, span.TraceId.ToString(), span.ParentSpanId.ToString()));
        }
    }

    private static async Task<Lease> LeaseAsync(GatewayFixture gateway, string revision)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (true)
        {
            if (gateway.Api.Find<Lease>("kube-system", "gateway-test") is { } lease
                && long.Parse(lease.Metadata.Annotations![GatewayLease.AppliedAnnotation]) >= long.Parse(revision))
            {
                return lease;
            }

            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
