using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ContainerRuntime;
using KubeAspire.NodeAgent.Hosting;
using KubeAspire.NodeAgent.Images;
using KubeAspire.NodeAgent.Networking;
using KubeAspire.NodeAgent.Nodes;
using KubeAspire.NodeAgent.Probes;
using KubeAspire.NodeAgent.Variables;
using KubeAspire.NodeAgent.Volumes;
using KubeAspire.Resources.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.NodeAgent.Pods;

/// <summary>What every pod's worker needs; one for the agent.</summary>
internal sealed class PodServices(
    IApiClient client,
    IContainerRuntime runtime,
    IInformerFactory informers,
    PodNetwork network,
    NodeFacts facts,
    PodVolumes volumes,
    ServiceAccountTokens tokens,
    ImageManager images,
    IReferencedObjects objects,
    Prober prober,
    StatusWriter statuses,
    GatewayDrain drain,
    IEventRecorder events,
    IOptions<NodeAgentOptions> options,
    TimeProvider clock,
    ILogger<PodWorker> logger)
{
    public IApiClient Client => client;

    public IContainerRuntime Runtime => runtime;

    public IInformer<Service> Services { get; } = informers.For<Service>(Service.ResourceType);

    public PodNetwork Network => network;

    public NodeFacts Facts => facts;

    public PodVolumes Volumes => volumes;

    public ServiceAccountTokens Tokens => tokens;

    public ImageManager Images => images;

    public IReferencedObjects Objects => objects;

    public Prober Prober => prober;

    public StatusWriter Statuses => statuses;

    public GatewayDrain Drain => drain;

    public IEventRecorder Events => events;

    public NodeAgentOptions Options => options.Value;

    public TimeProvider Clock => clock;

    public ILogger Logger => logger;
}
