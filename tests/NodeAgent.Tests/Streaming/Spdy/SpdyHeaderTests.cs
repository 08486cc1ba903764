using KubeAspire.NodeAgent.Streaming.Spdy;

namespace KubeAspire.NodeAgent.Tests.Streaming.Spdy;

public sealed class SpdyHeaderTests
{
    [Fact]
    public void Dictionary_IsThatOfTheProtocol()
    {
        uint low = 1, high = 0;
        foreach (var one in SpdyDictionary.Bytes)
        {
            low = (low + one) % 65521;
            high = (high + low) % 65521;
        }

        Assert.Equal((1423, 0xE3C6A7C2u), (SpdyDictionary.Bytes.Length, (high << 16) | low));
    }

    [Fact]
    public void Blocks_PackedByZlibWithTheDictionary_AreReadInTurn()
    {
        using var reader = new SpdyHeaderReader();

        var first = reader.Read(Convert.FromHexString("78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c6061606100a4398b20d198094ade8c0600000000ffff"));
        Assert.Equal(("error", "8080", "0"), (first["streamtype"], first["port"], first["requestid"]));
        var second = reader.Read(Convert.FromHexString("c2aa19540e2512d60b000000ffff"));
        Assert.Equal("data", second["streamtype"]);
        var third = reader.Read(Convert.FromHexString("02654bac6521a32952f9c49d5a91088a67bdfca27400000000ffff"));
        Assert.Equal(("5", "example.org"), (third["content-length"], third["host"]));
    }

    [Fact]
    public void OwnBlocks_AreReadBack()
    {
        var writer = new SpdyHeaderWriter();
        using var reader = new SpdyHeaderReader();
        for (var i = 0; i < 5; i++)
        {
            var read = reader.Read(writer.Write([new("StreamType", "data"), new("port", i.ToString())]));
            Assert.Equal(("data", i.ToString()), (read["streamtype"], read["port"]));
        }

        Assert.Empty(reader.Read(writer.Write([])));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ffff")]
    [InlineData("78bb")]
    [InlineData("7801000400fbff7fffffff000000ffff")] // Two thousand million headers.
    [InlineData("7801000400fbff00000001000000ffff")] // One header that is not there.
    [InlineData("7801000800f7ff0000000000000000000000ffff")] // Something after the last.
    [InlineData("780107ffffffff")]
    public void Nonsense_IsRefused(string block)
    {
        using var reader = new SpdyHeaderReader();
        Assert.Throws<SpdyException>(() => reader.Read(Convert.FromHexString(block)));
    }
}
