using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Client;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.StateStore;
using Microsoft.Extensions.Logging;

namespace KubeAspire.ApiServer.Bootstrap;

/// <summary>Says that this API server lives, and has the endpoints of the Service <c>kubernetes</c> name all that do.</summary>
/// <remarks>
/// As upstream's lease endpoint reconciler: every server renews a Lease and writes the endpoints from those of all. A server is held dead when its Lease was not renewed for
/// <see cref="Patience"/> as counted by the clock of the one who looks; another machine's clock is believed only at the first sight of a Lease. The last one is never removed:
/// endpoints that may be of use are better than none.
/// </remarks>
internal sealed class ServerLeases : IDisposable
{
    /// <summary>The namespace of the Leases.</summary>
    public const string Namespace = "kube-system";

    /// <summary>Upstream's label of an API server's Lease.</summary>
    public const string IdentityLabel = "apiserver.kubernetes.io/identity";

    /// <summary>Upstream's value of <see cref="IdentityLabel"/>.</summary>
    public const string Identity = "kube-apiserver";

    /// <summary>Where the server is reached, as <c>10.0.0.1:6443</c>.</summary>
    public const string EndpointAnnotation = "kubeaspire.dev/endpoint";

    /// <summary>How long a server lives without a renewal: upstream's DefaultEndpointReconcilerTTL, 15 s.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Between two renewals: two may fail.</summary>
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(5);

    /// <summary>When the Lease of a dead server is removed. 5 min.</summary>
    public static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(5);

    // How long a server that stops may take over saying so.
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(3);

    private readonly IStateEngine _engine;
    private readonly Func<IApiClient> _clientOf;
    private readonly TimeProvider _clock;
    private readonly ILogger<ServerLeases> _logger;
    private readonly ServerAddress _address;
    private readonly string _server;
    private readonly string _holder;
    private readonly CancellationTokenSource _leaving = new();
    private readonly Dictionary<string, Sighting> _seen = new(StringComparer.Ordinal);
    private Task _running = Task.CompletedTask;

    /// <summary>Composes; nothing is written yet.</summary>
    public ServerLeases(ApiServerOptions options, IStateEngine engine, Func<IApiClient> clientOf, TimeProvider clock, ILogger<ServerLeases> logger)
    {
        (_engine, _clientOf, _clock, _logger) = (engine, clientOf, clock, logger);
        _address = new ServerAddress(options.AdvertiseAddress, options.Port);
        _server = options.Name;
        var identity = string.Create(CultureInfo.InvariantCulture, $"{options.Name}|{options.AdvertiseAddress}|{options.Port}");
        Name = "apiserver-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)).AsSpan(0, 13));
        _holder = $"{Name}_{Guid.NewGuid()}";
    }

    /// <summary>Name of this server's Lease: the same after a restart.</summary>
    public string Name { get; }

    /// <summary>Joins the servers that live; the endpoints name this one when it returns.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        if (await RenewAsync(cancellationToken) is { } refused)
        {
            _logger.ServerLeaseRefused(Name, refused.Message);
        }

        await ReconcileAsync(cancellationToken);
    }

    /// <summary>Renews and looks after the others until cancelled; then leaves.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _running = KeepAsync(cancellationToken);

    /// <summary>Leaves the servers that live. Called before the socket is closed, it spares clients a refused connection.</summary>
    public async Task LeaveAsync()
    {
        await _leaving.CancelAsync();
        await _running;
    }

    /// <inheritdoc/>
    public void Dispose() => _leaving.Dispose();

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _leaving.Token);
        while (true)
        {
            await Task.Delay(Renewal, _clock, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stop.IsCancellationRequested)
            {
                break;
            }

            await TryAsync(async () => await RenewAsync(stop.Token) ?? await ReconcileAsync(stop.Token));
        }

        using var farewell = new CancellationTokenSource(s_farewell, _clock);
        await TryAsync(async () =>
        {
            var client = _clientOf();
            var own = await client.GetAsync<Lease>(Namespace, Name, farewell.Token);
            if (own.Succeeded && own.Value.Spec.HolderIdentity == _holder)
            {
                await client.DeleteAsync<Lease>(Namespace, Name, new DeleteOptions { Preconditions = new Preconditions { Uid = own.Value.Metadata.Uid } }, farewell.Token);
            }

            return await ReconcileAsync(farewell.Token);
        });
    }

    private async Task TryAsync(Func<Task<ApiError?>> act)
    {
        try
        {
            if (await act() is { } refused)
            {
                _logger.ServerLeaseRefused(Name, refused.Message);
            }
        }
#pragma warning disable CA1031 // Whatever a store throws, the next renewal is tried.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            _logger.ServerLeaseRefused(Name, failed.Message);
        }
    }

    private async Task<ApiError?> RenewAsync(CancellationToken cancellationToken)
    {
        var client = _clientOf();
        var now = _clock.GetUtcNow();
        var stored = await client.GetAsync<Lease>(Namespace, Name, cancellationToken);
        if (stored.Succeeded)
        {
            var spec = stored.Value.Spec;
            var acquired = spec.HolderIdentity == _holder ? spec.AcquireTime : now;
            var renewed = stored.Value with { Spec = spec with { HolderIdentity = _holder, LeaseDurationSeconds = (int)Patience.TotalSeconds, AcquireTime = acquired, RenewTime = now } };
            return (await client.UpdateAsync(renewed, cancellationToken)).Error;
        }

        var made = await client.CreateAsync(
            new Lease
            {
                Metadata = new ObjectMeta
                {
                    Name = Name,
                    Namespace = Namespace,
                    Labels = new Dictionary<string, string> { [IdentityLabel] = Identity, ["kubernetes.io/hostname"] = Environment.MachineName.ToLowerInvariant() },
                    Annotations = new Dictionary<string, string>
                    {
                        [EndpointAnnotation] = string.Create(CultureInfo.InvariantCulture, $"{_address.Address}:{_address.Port}"), ["kubeaspire.dev/server"] = _server,
                    },
                },
                Spec = new LeaseSpec { HolderIdentity = _holder, LeaseDurationSeconds = (int)Patience.TotalSeconds, AcquireTime = now, RenewTime = now },
            },
            cancellationToken);
        return made.Error;
    }

    private async Task<ApiError?> ReconcileAsync(CancellationToken cancellationToken)
    {
        ApiError? refused = null;
        for (var attempt = 0; attempt < ApiLimits.WriteAttempts; attempt++)
        {
            // What is to be changed is read before what it follows from: a server that joins in between has changed it when it is written here, which is then refused and done again.
            var endpoints = await _engine.FindAsync<Endpoints>(EndpointsPlanner.Service.Namespace, EndpointsPlanner.Service.Name, cancellationToken);
            var slices = (await _engine.AllAsync<EndpointSlice>(EndpointsPlanner.Service.Namespace, cancellationToken)).Where(EndpointsPlanner.IsOurs).ToList();
            var live = await LiveAsync(cancellationToken);
            if (live.Count == 0)
            {
                return null; // Nobody that a pod could reach, or nobody at all: what stands is left.
            }

            var ends = await Task.WhenAll(
                WriteAsync(endpoints, EndpointsPlanner.Endpoints(live), EndpointsPlanner.Same, cancellationToken), WriteAsync(slices, EndpointsPlanner.Slices(live), cancellationToken));
            refused = ends[0] ?? ends[1];
            if (refused?.Reason is not (ApiErrorReason.Conflict or ApiErrorReason.AlreadyExists or ApiErrorReason.NotFound))
            {
                return refused;
            }
        }

        return refused;
    }

    // New slices first, then the changed, then those that go: a server is never missing in between.
    private async Task<ApiError?> WriteAsync(List<EndpointSlice> stored, IReadOnlyList<EndpointSlice> wanted, CancellationToken cancellationToken)
    {
        foreach (var slice in wanted.Reverse())
        {
            if (await WriteAsync(stored.Find(found => found.Metadata.Name == slice.Metadata.Name), slice, EndpointsPlanner.Same, cancellationToken) is { } refused)
            {
                return refused;
            }
        }

        foreach (var slice in stored.Where(found => wanted.All(slice => slice.Metadata.Name != found.Metadata.Name)))
        {
            var options = new DeleteOptions { Preconditions = new Preconditions { Uid = slice.Metadata.Uid, ResourceVersion = slice.Metadata.ResourceVersion } };
            if (await _clientOf().DeleteAsync<EndpointSlice>(slice.Metadata.Namespace, slice.Metadata.Name!, options, cancellationToken) is { } refused)
            {
                return refused;
            }
        }

        return null;
    }

    private async Task<ApiError?> WriteAsync<T>(T? stored, T wanted, Func<T, T, bool> same, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<T>
    {
        if (stored is null)
        {
            return (await _clientOf().CreateAsync(wanted, cancellationToken)).Error;
        }

        return same(stored, wanted) ? null : (await _clientOf().UpdateAsync(wanted.WithMetadata(stored.Metadata), cancellationToken)).Error;
    }

    // The servers that live and that somebody else than this machine can reach.
    private async Task<IReadOnlyList<ServerAddress>> LiveAsync(CancellationToken cancellationToken)
    {
        var leases = (await _engine.AllAsync<Lease>(Namespace, cancellationToken)).Where(lease => lease.Metadata.Labels?.GetValueOrDefault(IdentityLabel) == Identity).ToList();
        var live = new List<ServerAddress>();
        foreach (var lease in leases)
        {
            if (Lives(lease))
            {
                if (IPEndPoint.TryParse(lease.Metadata.Annotations?.GetValueOrDefault(EndpointAnnotation) ?? "", out var endpoint) && !IPAddress.IsLoopback(endpoint.Address))
                {
                    live.Add(new ServerAddress(endpoint.Address.ToString(), endpoint.Port));
                }
            }
            else if (_clock.GetElapsedTime(_seen[lease.Metadata.Name!].At) >= Forgotten)
            {
                var options = new DeleteOptions { Preconditions = new Preconditions { Uid = lease.Metadata.Uid, ResourceVersion = lease.Metadata.ResourceVersion } };
                await _clientOf().DeleteAsync<Lease>(Namespace, lease.Metadata.Name!, options, cancellationToken);
            }
        }

        foreach (var gone in _seen.Keys.Except(leases.Select(lease => lease.Metadata.Name!)).ToList())
        {
            _seen.Remove(gone);
        }

        return live;
    }

    private bool Lives(Lease lease)
    {
        var (name, revision) = (lease.Metadata.Name!, lease.Metadata.ResourceVersion ?? "");
        if (!_seen.TryGetValue(name, out var sighting))
        {
            sighting = new Sighting(revision, _clock.GetTimestamp(), lease.Spec.RenewTime + Patience > _clock.GetUtcNow());
        }
        else if (sighting.Revision != revision)
        {
            sighting = new Sighting(revision, _clock.GetTimestamp(), true);
        }

        _seen[name] = sighting;
        return sighting.Lived && _clock.GetElapsedTime(sighting.At) < Patience;
    }

    private readonly record struct Sighting(string Revision, long At, bool Lived);
}
