using System.Security.Cryptography;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Admission;
using KubeAspire.ApiServer.Admission.PodSecurity;
using KubeAspire.ApiServer.Admission.Quota;
using KubeAspire.ApiServer.Aggregation;
using KubeAspire.ApiServer.Authentication;
using KubeAspire.ApiServer.Authorization;
using KubeAspire.ApiServer.Backups;
using KubeAspire.ApiServer.Bootstrap;
using KubeAspire.ApiServer.CustomResources;
using KubeAspire.ApiServer.Discovery;
using KubeAspire.ApiServer.Http;
using KubeAspire.ApiServer.InProcess;
using KubeAspire.ApiServer.Nodes;
using KubeAspire.ApiServer.OpenApi;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Services;
using KubeAspire.ApiServer.Streaming;
using KubeAspire.ApiServer.Streaming.Proxying;
using KubeAspire.ApiServer.Subresources;
using KubeAspire.ApiServer.Verbs;
using KubeAspire.Client;
using KubeAspire.Resources.Core;
using KubeAspire.StateStore;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer;

/// <summary>The API server: a store, the chain over it, and who brings requests into the chain.</summary>
public sealed class KubeApiServer : IDisposable
{
    private readonly ApiServerInstruments _instruments = new();
    private readonly Authorizer _authorizer;
    private readonly BootstrapObjects _bootstrap;
    private readonly ServiceClaimsRepair _claims;
    private readonly ServerLeases _leases;
    private readonly CustomResourceDefinitions _definitions;
    private readonly NodeTunnels _tunnels;
    private readonly InFlightLimits _limits = new();
    private readonly WritePath _path;
    private readonly string _address;
    private volatile bool _ready;

    /// <summary>Composes a server. Nothing is read or written before <see cref="StartAsync"/>.</summary>
    public KubeApiServer(ApiServerOptions options, IStateEngine engine, ECDsa tokenKey, TimeProvider clock, ILoggerFactory loggers)
    {
        var random = options.Seed is { } seed ? new Random(seed) : new Random();
        _address = $"https://{options.AdvertiseAddress}:{options.Port}";
        Kinds = new KindRegistry(options.Kinds);
        Tokens = new ServiceAccountTokens(tokenKey, engine, clock);
        _authorizer = new Authorizer(engine);
        _tunnels = new NodeTunnels(loggers.CreateLogger<NodeTunnels>());
        var names = new NameGenerator(random);
        var quotas = new ResourceQuotaAdmission(engine, Kinds.FindStored, Guid.NewGuid().ToString("N")[..12]);
        // Upstream's order: what completes an object before what counts it, quotas last.
        IReadOnlyList<IAdmission> admissions =
        [
            new CustomResourceAdmission(), new NamespaceLifecycle(engine), new LimitRanger(engine), new ServiceAccountAdmission(engine, names), new NodeRestriction(engine), new PodSecurityAdmission(engine),
            new PriorityAdmission(engine), new DefaultTolerations(), new DefaultStorageClass(engine), new OwnerReferencesPermission(_authorizer, Kinds.FindByKind),
            new RuntimeClassAdmission(engine), new CertificateAdmission(_authorizer), new EscalationCheck(_authorizer),
            new StrategyFacts(engine, clock), quotas,
        ];
        var claimsLog = loggers.CreateLogger<ServiceTaking>();
        var taking = new ServiceTaking(engine, clock, claimsLog);
        _claims = new ServiceClaimsRepair(engine, taking, clock, claimsLog);
        _path = new WritePath(engine, admissions, quotas, new ServiceAddresses(engine, new FreeNumbers(engine, options.ServiceRange, random), taking), clock, names);
        var verbs = new VerbSet(_path, engine, clock, random);
        var router = new ApiRouter(Kinds, verbs)
        {
            Elsewhere = new AggregatedGroups(engine).AnswerAsync,
            Late = new LateKinds(engine, Kinds, clock).ArrivesAsync,
            Scale = (kind, scale) => new ScaleSubresource(engine, kind, scale, verbs.Update).HandleAsync,
        };
        Pipeline = new ApiPipeline(_authorizer, new Impersonation(_authorizer), _limits, router);
        Frontend = new ApiFrontend(Pipeline, Tokens, new BootstrapTokens(engine, clock), _instruments, clock, loggers.CreateLogger<ApiFrontend>());
        AddSubresources(router, engine, verbs, clock);
        AddRoots(router);
        router.AddRoot(BackupEndpoint.Root, new BackupEndpoint(engine, options.BackupFiles, clock).AnswerAsync);
        var customLog = loggers.CreateLogger<CustomResourceDefinitions>();
        var removal = new CollectionRemoval(engine, verbs.Delete, () => ClientFor(ApiUser.Server), clock, customLog);
        _definitions = new CustomResourceDefinitions(engine, Kinds, removal, () => ClientFor(ApiUser.Server), clock, customLog);
        _bootstrap = new BootstrapObjects(options, engine, () => ClientFor(ApiUser.Server), loggers.CreateLogger<BootstrapObjects>());
        _leases = new ServerLeases(options, engine, () => ClientFor(ApiUser.Server), clock, loggers.CreateLogger<ServerLeases>());
    }

    /// <summary>The kinds that are served.</summary>
    public KindRegistry Kinds { get; }

    /// <summary>The chain.</summary>
    public ApiPipeline Pipeline { get; }

    /// <summary>Answers requests of the socket.</summary>
    public ApiFrontend Frontend { get; }

    /// <summary>Issues and checks tokens.</summary>
    public ServiceAccountTokens Tokens { get; }

    /// <summary>The rules of authorization as they stand.</summary>
    public PolicyIndex Index => _authorizer.Index;

    /// <summary>Version and health.</summary>
    public ServerInfo Info { get; } = new();

    /// <summary>A client in this process that acts as a user: the same chain without the socket.</summary>
    public IApiClient ClientFor(ApiUser user) => new DirectApiClient(Pipeline, user);

    /// <summary>Writes what every cluster has, then follows the RBAC objects. Ready when it returns.</summary>
    /// <returns>A task that ends when the token is cancelled.</returns>
    public async Task<Task> StartAsync(CancellationToken cancellationToken)
    {
        await _claims.PassAsync(cancellationToken); // Before anybody can take what a Service of an older store has.
        await _bootstrap.WriteAsync(cancellationToken);
        await _leases.JoinAsync(cancellationToken);
        var following = await _authorizer.StartAsync(cancellationToken);
        var serving = await _definitions.StartAsync(cancellationToken);
        _ready = true;
        return Task.WhenAll(following, serving, _claims.RunAsync(cancellationToken), _leases.RunAsync(cancellationToken));
    }

    /// <summary>Takes this server out of the endpoints of the Service <c>kubernetes</c>: called before the socket is closed. So does cancelling what <see cref="StartAsync"/> was given.</summary>
    public Task LeaveAsync() => _leases.LeaveAsync();

    /// <inheritdoc/>
    public void Dispose()
    {
        _leases.Dispose();
        _tunnels.Dispose();
        _limits.Dispose();
        _path.Dispose();
        _instruments.Dispose();
    }

    private void AddSubresources(ApiRouter router, IStateEngine engine, VerbSet verbs, TimeProvider clock)
    {
        var pods = new PodSubresources(Kinds.Of(Pod.ResourceType), verbs.Update, verbs.Delete, new DisruptionBudgets(engine, clock), clock);
        router.Add("", "pods", "binding", pods.BindAsync);
        router.Add("", "pods", "eviction", pods.EvictAsync);
        router.Add("", "bindings", "", pods.BindByNameAsync);
        var connections = new PodConnections(engine, Kinds.Of(Pod.ResourceType), _path, _tunnels, clock);
        router.Add("", "pods", "exec", connections.ExecAsync);
        router.Add("", "pods", "attach", connections.AttachAsync);
        router.Add("", "pods", "portforward", connections.PortForwardAsync);
        var proxy = new ProxySubresource(engine, Kinds, _path, _tunnels, clock, new Random());
        router.Add("", "pods", "proxy", proxy.PodAsync);
        router.Add("", "services", "proxy", proxy.ServiceAsync);
        router.Add("", "nodes", "proxy", proxy.NodeAsync);
        router.Add("", "pods", "log", new PodLogs(engine, _tunnels).HandleAsync);
        router.Add("", "serviceaccounts", "token", new TokenSubresource(engine, Tokens, _path, Kinds.Of(ServiceAccount.ResourceType), clock).HandleAsync);
        router.Add("", "namespaces", "finalize", new NamespaceFinalize(Kinds.Of(Namespace.ResourceType), verbs.Update).HandleAsync);
        router.Add("kubeaspire.dev", "nodes", "tunnel", _tunnels.HandleAsync);
        new AccessReviews(_authorizer, Tokens, clock).AddTo(router);
    }

    private void AddRoots(ApiRouter router)
    {
        var discovery = new DiscoveryDocuments(Kinds);
        var openApi = new OpenApiDocuments(Kinds);
        Info.AddCheck("bootstrap", () => _ready);
        router.AddRoot("api", (request, _) => Task.FromResult(discovery.Answer(request, Accept(request))));
        router.AddRoot("apis", (request, _) => Task.FromResult(discovery.Answer(request, Accept(request))));
        router.AddRoot("openapi", (request, _) => Task.FromResult(openApi.Answer(request, Accept(request))));
        router.AddRoot(".well-known", (request, _) => Task.FromResult(
            request.Info.Path == "/.well-known/openid-configuration" ? TokenIssuerDocuments.Configuration(_address) : ApiErrors.PathNotFound()));
        router.AddRoot("openid", (request, _) => Task.FromResult(request.Info.Path == TokenIssuerDocuments.KeysPath ? TokenIssuerDocuments.Keys(Tokens) : ApiErrors.PathNotFound()));
        router.AddRoot("version", (_, _) => Task.FromResult(ServerInfo.Version()));
        foreach (var path in (string[])["healthz", "livez", "readyz"])
        {
            router.AddRoot(path, (request, _) => Task.FromResult(Info.Health(request)));
        }
    }

    private static string Accept(ApiRequest request) => request.Http?.Request.Headers.Accept.ToString() ?? "application/json";
}
