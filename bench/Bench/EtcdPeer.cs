using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace KubeAspire.Bench;

/// <summary>
/// etcd of the distribution, asked for what an API server asks of it for a create: a transaction that puts a key if it is not
/// there. Spoken as gRPC over the same HTTP client that loads our side, so that the client's cost is the same for both.
/// </summary>
internal sealed class EtcdPeer : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly HttpClient _client;
    private readonly string _folder;

    private EtcdPeer(ChildProcess process, HttpClient client, string folder) => (_process, _client, _folder) = (process, client, folder);

    public static bool IsInstalled => File.Exists("/usr/bin/etcd");

    public static async Task<EtcdPeer> StartAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var (client, peer) = (ChildProcess.FreePort(), ChildProcess.FreePort());
        var process = ChildProcess.Start("/usr/bin/etcd",
        [
            "--data-dir", Path.Combine(folder, "data"), "--listen-client-urls", $"http://127.0.0.1:{client}", "--advertise-client-urls", $"http://127.0.0.1:{client}",
            "--listen-peer-urls", $"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{peer}", "--initial-cluster", $"default=http://127.0.0.1:{peer}",
        ]);
        var http = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{client}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var etcd = new EtcdPeer(process, http, folder);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await etcd.CreateAsync("started", [1]);
                return etcd;
            }
            catch (Exception error) when (error is HttpRequestException or InvalidOperationException && attempt < 200)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }
    }

    /// <summary>Puts a key if its mod revision is 0.</summary>
    public async Task CreateAsync(string key, byte[] value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/etcdserverpb.KV/Txn")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Transaction(ByteString.CopyFromUtf8(key), ByteString.CopyFrom(value))),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        using var answer = await _client.SendAsync(request);
        await answer.Content.ReadAsByteArrayAsync();
        var status = answer.TrailingHeaders.TryGetValues("grpc-status", out var values) ? values.First() : answer.Headers.TryGetValues("grpc-status", out values) ? values.First() : "none";
        if (status != "0")
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"etcd answered grpc-status {status}"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    // TxnRequest { 1 compare: Compare { 2 target: MOD, 3 key, 6 mod_revision: 0 }, 2 success: RequestOp { 2 request_put: PutRequest { 1 key, 2 value } } }
    private static byte[] Transaction(ByteString key, ByteString value)
    {
        var compare = Message(output =>
        {
            output.WriteTag(2, WireFormat.WireType.Varint);
            output.WriteEnum(2);
            output.WriteTag(3, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(key);
            output.WriteTag(6, WireFormat.WireType.Varint);
            output.WriteInt64(0);
        });
        var put = Message(output =>
        {
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(key);
            output.WriteTag(2, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(value);
        });
        var operation = Message(output =>
        {
            output.WriteTag(2, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(put);
        });
        var message = Message(output =>
        {
            output.WriteTag(1, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(compare);
            output.WriteTag(2, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(operation);
        });

        // gRPC: one byte for "not compressed", four for the length.
        var framed = new byte[5 + message.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
        message.CopyTo(framed, 5);
        return framed;
    }

    private static ByteString Message(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            write(output);
        }

        return ByteString.CopyFrom(buffer.ToArray());
    }
}
