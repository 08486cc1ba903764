using System.Net.Sockets;

namespace KubeAspire.ServiceDefaults;

/// <summary>
/// Tells whoever started this process that it can do its work, by the protocol of systemd's sd_notify(3): a datagram to the Unix socket
/// that <c>NOTIFY_SOCKET</c> names. The launcher listens, and so does systemd for a unit of <c>Type=notify</c>; where nobody does, nothing happens.
/// </summary>
public sealed class ReadyNotice
{
    /// <summary>Names the socket; a leading <c>@</c> stands for the zero byte of an abstract one.</summary>
    public const string Variable = "NOTIFY_SOCKET";

    /// <summary>What is sent.</summary>
    public const string Message = "READY=1";

    private readonly string? _socket;

    private ReadyNotice(string? socket) => _socket = socket;

    /// <summary>Takes the socket out of the environment, so that no child of this process speaks for it.</summary>
    public static ReadyNotice Take()
    {
        var socket = Environment.GetEnvironmentVariable(Variable);
        if (socket is not null)
        {
            Environment.SetEnvironmentVariable(Variable, null);
        }

        return new ReadyNotice(socket);
    }

    /// <summary>Sends the notice once a task has ended well.</summary>
    public async Task SendAfterAsync(Task ready)
    {
        ArgumentNullException.ThrowIfNull(ready);
        await ready;
        Send();
    }

    /// <summary>Sends the notice. Who has stopped listening does not hear it, and that is no error.</summary>
    public void Send()
    {
        if (string.IsNullOrEmpty(_socket))
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo("READY=1"u8, new UnixDomainSocketEndPoint(_socket[0] == '@' ? '\0' + _socket[1..] : _socket));
        }
        catch (SocketException)
        {
            // Nobody listens (any more).
        }
    }
}
