using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeAspire.NodeAgent.Streaming;

/// <summary>Makes sockets inside the network of another process.</summary>
internal static partial class NetworkNamespace
{
    /// <summary>CLONE_NEWNET of sched.h: the handle must be a network namespace.</summary>
    private const int NetworkKind = 0x40000000;

    /// <summary>A TCP socket in the network of a process; null where that process or the right to enter is missing, as on a machine whose Engine is elsewhere.</summary>
    /// <param name="process">A process id.</param>
    public static Socket? Enter(int process)
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle($"/proc/{process}/ns/net");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        using (handle)
        {
            Socket? made = null;
            // A thread of its own: it stays in the other network and ends. A socket belongs to the network it was made in.
            var thread = new Thread(() => made = SetNamespace(handle, NetworkKind) == 0 ? new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) : null)
            {
                IsBackground = true,
                Name = "network of a pod",
            };
            thread.Start();
            thread.Join();
            return made;
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle handle, int kind);
}
