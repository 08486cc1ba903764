using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.Resources.Coordination;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Nodes;

/// <summary>Renews the node's Lease: the proof of life that the node lifecycle controller watches.</summary>
internal sealed class LeaseKeeper(IApiClient client, NodeFacts facts, IOptions<NodeAgentOptions> options, TimeProvider clock, ILogger<LeaseKeeper> logger) : BackgroundService
{
    private const string Namespace = "kube-node-lease";

    /// <summary>Wait after a renewal that failed. 1 s: several tries fit into a lease.</summary>
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    private Lease? _held;

    private string Name => options.Value.NodeName;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            string? problem;
            try
            {
                problem = await RenewAsync(stoppingToken);
            }
            catch (HttpRequestException exception)
            {
                problem = exception.Message;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            if (problem is not null)
            {
                logger.LeaseNotRenewed(Name, problem);
            }

            try
            {
                await Task.Delay(problem is null ? options.Value.LeaseRenewInterval : s_retry, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<string?> RenewAsync(CancellationToken cancellationToken)
    {
        if (_held is null)
        {
            var found = await client.GetAsync<Lease>(Namespace, Name, cancellationToken);
            if (found.Error is { Reason: ApiErrorReason.NotFound })
            {
                found = await client.CreateAsync(Renewed(new Lease
                {
                    ApiVersion = Lease.ResourceType.ApiVersion,
                    Kind = Lease.ResourceType.Kind,
                    Metadata = new ObjectMeta { Name = Name, Namespace = Namespace },
                }), cancellationToken);
                _held = found.Value;
                return found.Error?.Message;
            }

            if (!found.Succeeded)
            {
                return found.Error.Message;
            }

            _held = found.Value;
        }

        var written = await client.UpdateAsync(Renewed(_held), cancellationToken);
        _held = written.Value; // After a refusal it is read anew.
        return written.Error?.Message;
    }

    private Lease Renewed(Lease lease) => lease with
    {
        Metadata = lease.Metadata with { OwnerReferences = Owner() ?? lease.Metadata.OwnerReferences },
        Spec = lease.Spec with { HolderIdentity = Name, LeaseDurationSeconds = (int)options.Value.LeaseDuration.TotalSeconds, RenewTime = clock.GetUtcNow() },
    };

    // With the Node goes its Lease.
    private OwnerReference[]? Owner() => facts.Node?.Metadata is { Uid: { } uid, Name: { } name }
        ? [new OwnerReference { ApiVersion = "v1", Kind = "Node", Name = name, Uid = uid }]
        : null;
}
