using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Services;

/// <summary>Draws addresses and node ports that nobody has. What is drawn is a guess until it is claimed.</summary>
/// <remarks>
/// A part of each range, upstream's static band, is left to those who ask for a number by name, and drawn from only when the rest is full. A few numbers are
/// drawn at random and looked up; where all of those are taken, the range is well filled, and the free ones are found among the names of all claims.
/// </remarks>
internal sealed class FreeNumbers
{
    /// <summary>First node port: upstream's default range.</summary>
    public const int FirstNodePort = 30000;

    /// <summary>Last node port.</summary>
    public const int LastNodePort = 32767;

    // Draws before the claims are listed. With half of the range taken, one draw in 256 comes to that.
    private const int Draws = 8;

    // Of 2,768 ports: upstream's max(16, min(128, size / 32)).
    private const uint ReservedPorts = 86;

    private readonly IStateEngine _engine;
    private readonly IPNetwork _range;
    private readonly Random _random;
    private readonly uint _first;
    private readonly uint _size;

    /// <summary>Draws addresses of a range such as <c>10.96.0.0/12</c>.</summary>
    public FreeNumbers(IStateEngine engine, IPNetwork range, Random random)
    {
        (_engine, _range, _random) = (engine, range, random);
        _first = ToNumber(range.BaseAddress);
        _size = 1u << (32 - range.PrefixLength);
    }

    /// <summary>The range of addresses as text.</summary>
    public string Range => _range.ToString();

    /// <summary>Whether an address is one that a Service may have: neither the first nor the last of the range.</summary>
    public bool Contains(string text) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetwork && ToNumber(address) is var number && number > _first && number < _first + _size - 1;

    /// <summary>An address that nobody had a moment ago; null where all are taken.</summary>
    public ValueTask<StateKey?> AddressAsync(CancellationToken cancellationToken) =>
        DrawAsync(ServiceClaims.Addresses, _first + 1, _size - 2, Math.Clamp(_size / 16, 16, 256), number => FromNumber(number).ToString(), new HashSet<StateKey>(), cancellationToken);

    /// <summary>A node port that nobody had a moment ago; null where all are taken.</summary>
    /// <param name="mine">Those that the Service has already.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public ValueTask<StateKey?> PortAsync(IReadOnlySet<StateKey> mine, CancellationToken cancellationToken) =>
        DrawAsync(ServiceClaims.Ports, FirstNodePort, LastNodePort - FirstNodePort + 1, ReservedPorts, number => ServiceClaims.Port(number).Name, mine, cancellationToken);

    private async ValueTask<StateKey?> DrawAsync(
        string collection, uint first, uint count, uint reserved, Func<uint, string> nameOf, IReadOnlySet<StateKey> mine, CancellationToken cancellationToken)
    {
        reserved = count > reserved * 2 ? reserved : 0;
        for (var draw = 0; draw < Draws; draw++)
        {
            var key = new StateKey(collection, "", nameOf(first + reserved + Next(count - reserved)));
            if (!mine.Contains(key) && await _engine.GetAsync(key, cancellationToken) is null)
            {
                return key;
            }
        }

        var page = await _engine.ListAsync(new StateRange(collection), 0, 0, null, cancellationToken);
        var taken = page.Entries.Select(entry => entry.Key).Concat(mine).Select(key => key.Name).ToHashSet(StringComparer.Ordinal);
        return (Find(first + reserved, count - reserved) ?? Find(first, reserved)) is { } name ? new StateKey(collection, "", name) : null;

        string? Find(uint from, uint among)
        {
            var start = among == 0 ? 0 : Next(among);
            for (uint i = 0; i < among; i++)
            {
                if (nameOf(from + ((start + i) % among)) is var name && !taken.Contains(name))
                {
                    return name;
                }
            }

            return null;
        }
    }

    private uint Next(uint below)
    {
        lock (_random)
        {
            return (uint)_random.NextInt64(below);
        }
    }

    private static uint ToNumber(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static IPAddress FromNumber(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
