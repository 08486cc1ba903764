using System.Buffers.Binary;
using KubeAspire.ApiServer.Streaming;

namespace KubeAspire.ApiServer.Tests.Streaming;

public sealed class StreamRelayTests
{
    private static readonly (int Length, bool Masked)[] s_frames = [(3, false), (0, false), (125, false), (126, true), (1, false), (65_535, false), (65_536, true), (2, true), (40_000, false)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(32 << 10)]
    [InlineData(int.MaxValue)]
    public void Frames_AreCutAtTheirEnds_InWhateverPiecesTheyCome(int piece)
    {
        var frames = s_frames.Select(frame => Frame(frame.Length, frame.Masked)).ToList();
        var bytes = frames.SelectMany(frame => frame).ToArray();
        var ends = frames.Select((_, index) => frames.Take(index + 1).Sum(frame => frame.Length)).ToHashSet();
        var cutter = new FrameCutter();
        var cuts = new HashSet<int>();
        for (var at = 0; at < bytes.Length;)
        {
            var end = (int)Math.Min((long)at + piece, bytes.Length);
            while (at < end)
            {
                at += cutter.Next(bytes.AsSpan(at, end - at));
                cuts.Add(at);
            }
        }

        Assert.Subset(cuts, ends);
        Assert.All(cuts, cut => Assert.True(ends.Contains(cut) || cut % piece == 0));
    }

    [Theory]
    [InlineData(true, new[] { 5, 4, 127 })]
    [InlineData(false, new[] { 136 })]
    public async Task AClientOfAWebSocket_GetsEachFrameInAWriteOfItsOwn(bool webSocket, int[] writes)
    {
        using var node = new MemoryStream([.. Frame(3, false), .. Frame(2, false), .. Frame(125, false)]);
        using var client = new RecordedWrites();

        await StreamRelay.RunAsync(client, node, webSocket, TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Equal(writes, client.Lengths);
    }

    private static byte[] Frame(int length, bool masked)
    {
        byte[] size = length switch { < 126 => [(byte)length], < 65_536 => [126, 0, 0], _ => [127, .. new byte[8]] };
        if (size.Length == 3)
        {
            BinaryPrimitives.WriteUInt16BigEndian(size.AsSpan(1), (ushort)length);
        }
        else if (size.Length == 9)
        {
            BinaryPrimitives.WriteInt64BigEndian(size.AsSpan(1), length);
        }

        size[0] |= masked ? (byte)0x80 : (byte)0;
        return [0x82, .. size, .. new byte[masked ? 4 : 0], .. Enumerable.Repeat((byte)0x82, length)];
    }

    // Sends nothing, and notes what it is sent.
    private sealed class RecordedWrites : MemoryStream
    {
        public List<int> Lengths { get; } = [];

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Lengths.Add(buffer.Length);
            return ValueTask.CompletedTask;
        }
    }
}
