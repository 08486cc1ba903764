using System.ComponentModel;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace KubeAspire.Gateway.Network;

/// <summary>One route of type local in the kernel's local table, as <c>ip route add local 10.96.0.0/12 dev lo</c> makes it. Needs CAP_NET_ADMIN.</summary>
/// <remarks>rtnetlink(7). Nothing else of the machine's network is changed.</remarks>
internal sealed class NetlinkServiceNetwork : IServiceNetwork
{
    private const int AddressFamilyNetlink = 16;
    private const int SocketRaw = 3;
    private const int CloseOnExec = 0x80000;
    private const ushort NewRoute = 24;
    private const ushort DeleteRoute = 25;
    private const ushort ErrorMessage = 2;
    private const ushort RequestAndAcknowledge = 1 | 4;
    private const ushort CreateExclusively = 0x400 | 0x200;
    private const int Exists = 17;
    private const int NoSuchProcess = 3;

    /// <inheritdoc/>
    /// <remarks>A route left by a gateway that was killed is taken over.</remarks>
    public string? Add(IPNetwork network) => Describe(Send(NewRoute, RequestAndAcknowledge | CreateExclusively, network), Exists);

    /// <inheritdoc/>
    public string? Remove(IPNetwork network) => Describe(Send(DeleteRoute, RequestAndAcknowledge, network), NoSuchProcess);

    private static string? Describe(int error, int ignored) => error == 0 || error == ignored ? null : new Win32Exception(error).Message;

    // nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid }, rtmsg { u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags },
    // then attributes { u16 len; u16 type; bytes }, all in the machine's byte order but for the address.
    private static byte[] Message(ushort type, ushort flags, IPNetwork network)
    {
        var message = new byte[16 + 12 + 8 + 8];
        MemoryMarshal.Write(message, message.Length);
        MemoryMarshal.Write(message.AsSpan(4), type);
        MemoryMarshal.Write(message.AsSpan(6), flags);
        MemoryMarshal.Write(message.AsSpan(8), 1);
        // AF_INET, prefix, -, -, RT_TABLE_LOCAL, RTPROT_BOOT, RT_SCOPE_HOST, RTN_LOCAL
        byte[] route = [2, (byte)network.PrefixLength, 0, 0, 255, 3, 254, 2];
        route.CopyTo(message, 16);
        MemoryMarshal.Write(message.AsSpan(28), (ushort)8);
        MemoryMarshal.Write(message.AsSpan(30), (ushort)1); // RTA_DST
        network.BaseAddress.GetAddressBytes().CopyTo(message, 32);
        MemoryMarshal.Write(message.AsSpan(36), (ushort)8);
        MemoryMarshal.Write(message.AsSpan(38), (ushort)4); // RTA_OIF
        MemoryMarshal.Write(message.AsSpan(40), LoopbackIndex());
        return message;
    }

    private static int LoopbackIndex() =>
        NetworkInterface.GetAllNetworkInterfaces().First(card => card.NetworkInterfaceType == NetworkInterfaceType.Loopback).GetIPProperties().GetIPv4Properties().Index;

    private static int Send(ushort type, ushort flags, IPNetwork network)
    {
        var handle = socket(AddressFamilyNetlink, SocketRaw | CloseOnExec, 0);
        if (handle < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        try
        {
            var message = Message(type, flags, network);
            if (send(handle, message, message.Length, 0) < 0)
            {
                return Marshal.GetLastPInvokeError();
            }

            // The answer: nlmsghdr with type NLMSG_ERROR, then the error as a negative number, 0 for done.
            var answer = new byte[4096];
            var received = recv(handle, answer, answer.Length, 0);
            return received < 20 ? Marshal.GetLastPInvokeError()
                : MemoryMarshal.Read<ushort>(answer.AsSpan(4)) == ErrorMessage ? -MemoryMarshal.Read<int>(answer.AsSpan(16)) : 0;
        }
        finally
        {
            _ = close(handle);
        }
    }

#pragma warning disable IDE1006, SYSLIB1054, CA5392 // The C library's own names; byte arrays need no generated marshalling.
    [DllImport("libc", SetLastError = true)]
    private static extern int socket(int domain, int type, int protocol);

    [DllImport("libc", SetLastError = true)]
    private static extern nint send(int handle, byte[] message, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern nint recv(int handle, byte[] buffer, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int handle);
#pragma warning restore IDE1006, SYSLIB1054, CA5392
}
