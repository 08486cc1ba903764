using System.Buffers;
using System.Net.Sockets;

namespace KubeAspire.Gateway.Listeners;

/// <summary>Two sockets joined: bytes of each go to the other, the end of one is the other's end, an error of one resets both.</summary>
internal sealed class TcpSplice(Socket client, Socket endpoint, TimeProvider clock)
{
    private long _lastBytes = clock.GetTimestamp();
    private int _closedDirections;

    /// <summary>Runs until both directions have ended.</summary>
    public async Task RunAsync()
    {
        var there = PumpAsync(client, endpoint);
        var back = PumpAsync(endpoint, client);
        await Task.WhenAll(there, back);
        if (await there && await back)
        {
            client.Dispose();
            endpoint.Dispose();
        }
    }

    /// <summary>Closes the connection if nothing moved for too long.</summary>
    public void CloseIfIdle()
    {
        var limit = Volatile.Read(ref _closedDirections) == 0 ? GatewayLimits.ConnectionIdle : GatewayLimits.HalfClosedIdle;
        if (clock.GetElapsedTime(Volatile.Read(ref _lastBytes)) > limit)
        {
            Reset();
        }
    }

    /// <summary>Ends both directions at once.</summary>
    public void Reset()
    {
        SocketOptions.Reset(client);
        SocketOptions.Reset(endpoint);
    }

    private async Task<bool> PumpAsync(Socket from, Socket to)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(GatewayLimits.SpliceBuffer);
        try
        {
            while (true)
            {
                var received = await from.ReceiveAsync(buffer, SocketFlags.None);
                if (received == 0)
                {
                    Interlocked.Increment(ref _closedDirections);
                    to.Shutdown(SocketShutdown.Send);
                    return true;
                }

                Volatile.Write(ref _lastBytes, clock.GetTimestamp());
                for (var sent = 0; sent < received;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, received - sent), SocketFlags.None);
                }

                if (received == buffer.Length && buffer.Length < GatewayLimits.SpliceBufferMax)
                {
                    // A full buffer: a bulk transfer, for which fewer and larger reads are cheaper.
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = ArrayPool<byte>.Shared.Rent(GatewayLimits.SpliceBufferMax);
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            Reset();
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
