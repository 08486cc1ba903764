using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using KubeAspire.Bench.Http2;

namespace KubeAspire.Bench;

/// <summary>
/// etcd of the distribution, spoken to as gRPC over HTTP/2 by the lean connection that loads our side too, without TLS: nothing of its
/// time is lost to a client's library.
/// </summary>
internal sealed class EtcdPeer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _folder;
    private readonly int _port;

    private EtcdPeer(ChildProcess process, int port, string folder) => (_process, _port, _folder) = (process, port, folder);

    public static bool IsInstalled => File.Exists("/usr/bin/etcd");

    public int ProcessId => _process.Id;

    public static async Task<EtcdPeer> StartAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var (client, peer) = (ChildProcess.FreePort(), ChildProcess.FreePort());
        var process = ChildProcess.Start("/usr/bin/etcd",
        [
            "--data-dir", Path.Combine(folder, "data"), "--listen-client-urls", $"http://127.0.0.1:{client}", "--advertise-client-urls", $"http://127.0.0.1:{client}",
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}", "--initial-cluster", $"default=http://127.0.0.1:{peer}",
            "--quota-backend-bytes", "8589934592",
        ]);
        var etcd = new EtcdPeer(process, client, folder);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                LeanLoad.Run(etcd.Connect, 1, 1, TimeSpan.FromMilliseconds(20), Put("started"u8));
                return etcd;
            }
            catch (Exception error) when (error is SocketException or InvalidOperationException && attempt < 200)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>A connection without TLS.</summary>
    public Stream Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(new IPEndPoint(IPAddress.Loopback, _port));
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>A put of a new key: PutRequest { 1 key, 2 value }.</summary>
    public static LeanCall Put(ReadOnlySpan<byte> value) =>
        new(Request("/etcdserverpb.KV/Put", [.. Bytes(1, Key), .. Bytes(2, value)]), 200, data => data.Length > 5);

    /// <summary>
    /// What an API server asks for a create, a put if the key is not there: TxnRequest { 1 compare: Compare { 2 target: MOD, 3 key,
    /// 6 mod_revision: 0 }, 2 success: RequestOp { 2 request_put: PutRequest { 1 key, 2 value } } }.
    /// </summary>
    public static LeanCall GuardedPut(ReadOnlySpan<byte> value) => new(
        Request("/etcdserverpb.KV/Txn", [.. Bytes(1, [.. Varint(2, 2), .. Bytes(3, Key), .. Varint(6, 0)]), .. Bytes(2, Bytes(2, [.. Bytes(1, Key), .. Bytes(2, value)]))]),
        200, Succeeded);

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static ReadOnlySpan<byte> Key => "/registry/configmaps/default/bench-0123456789abcdef"u8;

    // TxnResponse { 1 header, 2 succeeded }, after gRPC's five bytes. Lengths are below 128.
    private static bool Succeeded(ReadOnlySpan<byte> data) =>
        data.Length > 7 && data[5] == 0x0a && data.Length > 8 + data[6] && data[7 + data[6]] == 0x10 && data[8 + data[6]] == 1;

    // gRPC: one byte for "not compressed", four for the length.
    private static RequestTemplate Request(string path, byte[] message)
    {
        var framed = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        return new RequestTemplate("POST", "http", path, framed, ("content-type", "application/grpc"), ("te", "trailers"));
    }

    private static byte[] Varint(int field, byte value) => [(byte)(field << 3), value];

    private static byte[] Bytes(int field, ReadOnlySpan<byte> value)
    {
        var length = new List<byte>();
        var rest = value.Length;
        for (; rest >= 128; rest >>= 7)
        {
            length.Add((byte)(rest | 128));
        }

        length.Add((byte)rest);
        return [(byte)((field << 3) | 2), .. length, .. value];
    }
}
