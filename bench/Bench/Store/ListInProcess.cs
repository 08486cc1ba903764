using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography;
using KubeAspire.ApiServer;
using KubeAspire.Resources;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeAspire.Bench.Store;

/// <summary>A list through the whole API but the socket, beside a copy of as many bytes in memory.</summary>
internal static class ListInProcess
{
    private const int Repeats = 20;

    public static async Task RunAsync(Report report, BenchPlan plan, string folder, int pods, int podBytes)
    {
        await using var load = await EngineLoad.OpenAsync(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var options = new ApiServerOptions
        {
            Kinds = BuiltInKinds.All,
            AdvertiseAddress = "127.0.0.1",
            Port = 6443,
            ServiceRange = IPNetwork.Parse("10.96.0.0/12"),
            KubernetesAddress = "10.96.0.1",
            DnsAddress = "10.96.0.10",
        };
        using var server = new KubeApiServer(options, load.Engine, key, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = new CancellationTokenSource();
        var following = await server.StartAsync(stop.Token);
        var value = EngineLoad.Value(podBytes);
        await Task.WhenAll(Enumerable.Range(0, pods).Select(i => load.Engine.CreateAsync(new StateStore.StateKey("pods", "default", $"pod-{i:d9}"), value, CancellationToken.None).AsTask()));
        using var certificate = KestrelPeer.MakeCertificate("O=system:masters, CN=bench");
        var sink = new Sink();
        var (lists, copies, held) = (new List<double>(), new List<double>(), 0L);
        for (var round = 0; round <= plan.Rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Repeats; i++)
            {
                sink.Taken = 0;
                await AskAsync(server, certificate, sink);
            }

            held = (GC.GetAllocatedBytesForCurrentThread() - before) / Repeats;
            var list = watch.Elapsed.TotalMilliseconds / Repeats;
            var (from, to) = (new byte[sink.Taken], new byte[sink.Taken]);
            from.CopyTo(to, 0);
            watch.Restart();
            for (var i = 0; i < Repeats; i++)
            {
                from.CopyTo(to, 0);
            }

            if (round > 0)
            {
                lists.Add(list);
                copies.Add(watch.Elapsed.TotalMilliseconds / Repeats);
            }
        }

        report.Note(string.Create(CultureInfo.InvariantCulture, $"The same list without the socket, {sink.Taken:n0} bytes: {Report.Median(lists):0.0} ms, {Report.Ratio(lists, copies):0.00} of a copy of its bytes in memory ({Report.Median(copies):0.0} ms); it allocates {held >> 10} KB."));
        await stop.CancelAsync();
        await following;
    }

    private static async Task AskAsync(KubeApiServer server, System.Security.Cryptography.X509Certificates.X509Certificate2 certificate, Sink sink)
    {
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseBodyFeature>(new Body(sink));
        http.Connection.ClientCertificate = certificate;
        http.Request.Method = "GET";
        http.Request.Path = "/api/v1/namespaces/default/pods";
        await server.Frontend.HandleAsync(http);
        if (http.Response.StatusCode != 200)
        {
            throw new InvalidOperationException($"the list was answered by {http.Response.StatusCode}");
        }
    }

    private sealed class Body(Sink sink) : IHttpResponseBodyFeature
    {
        public Stream Stream => Stream.Null;

        public PipeWriter Writer => sink;

        public void DisableBuffering()
        {
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task CompleteAsync() => Task.CompletedTask;
    }

    /// <summary>Takes bytes into one buffer over and over, as a socket's buffers would be used.</summary>
    private sealed class Sink : PipeWriter
    {
        private byte[] _buffer = new byte[256 << 10];
        private int _used;

        public long Taken { get; set; }

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => _used;

        public override void Advance(int bytes)
        {
            _used += bytes;
            Taken += bytes;
        }

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_buffer.Length - _used < sizeHint)
            {
                Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _used + sizeHint));
            }

            return _buffer.AsMemory(_used);
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            _used = 0;
            return default;
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
