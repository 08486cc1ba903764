using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using KubeAspire.ServiceDefaults;

namespace KubeAspire.AppHost.Launching;

/// <summary>Hears that a started process is ready: the other side of <see cref="ReadyNotice"/>. Waiting for it costs nothing, where asking again and again does.</summary>
internal sealed class ReadySocket : IDisposable
{
    /// <summary>Longest notice. 4096 bytes: it may carry more lines than the one that counts.</summary>
    private const int NoticeBytesMax = 4096;

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public ReadySocket()
    {
        // Abstract: there is no file to be left behind, and no path that could be too long.
        Name = $"@kubeaspire-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}";
        _socket.Bind(new UnixDomainSocketEndPoint('\0' + Name[1..]));
    }

    /// <summary>What the process is told by <see cref="ReadyNotice.Variable"/>.</summary>
    public string Name { get; }

    /// <summary>Waits for the notice.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[NoticeBytesMax];
        while (true)
        {
            var length = await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            if (Encoding.UTF8.GetString(buffer, 0, length).Split('\n').Contains(ReadyNotice.Message))
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
