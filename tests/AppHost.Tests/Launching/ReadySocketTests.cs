using System.Net.Sockets;
using KubeAspire.AppHost.Launching;
using KubeAspire.ServiceDefaults;

namespace KubeAspire.AppHost.Tests.Launching;

public sealed class ReadySocketTests
{
    [Fact]
    public async Task TheNotice_IsHeard_AndNoChildInheritsTheSocket()
    {
        using var socket = new ReadySocket();
        Environment.SetEnvironmentVariable(ReadyNotice.Variable, socket.Name);

        var notice = ReadyNotice.Take();
        var waiting = socket.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        notice.Send();

        await waiting;
        Assert.Null(Environment.GetEnvironmentVariable(ReadyNotice.Variable));
    }

    [Fact]
    public async Task OtherNotices_SayNothing_AndOneMayHaveSeveralLines()
    {
        using var socket = new ReadySocket();
        using var sender = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        var address = new UnixDomainSocketEndPoint('\0' + socket.Name[1..]);
        var waiting = socket.WaitAsync(TestContext.Current.CancellationToken);

        sender.SendTo("STATUS=loading"u8, address);
        sender.SendTo("READY=10"u8, address);
        await sender.SendToAsync("STOPPING=1"u8.ToArray(), address);
        Assert.False(waiting.IsCompleted);
        sender.SendTo("STATUS=there\nREADY=1\nMAINPID=7"u8, address);

        await waiting;
    }

    [Fact]
    public void ANoticeThatNobodyHears_IsNoError()
    {
        string name;
        using (var socket = new ReadySocket())
        {
            name = socket.Name;
        }

        Environment.SetEnvironmentVariable(ReadyNotice.Variable, name);
        ReadyNotice.Take().Send();
        ReadyNotice.Take().Send(); // And there is no socket any more.
    }
}
