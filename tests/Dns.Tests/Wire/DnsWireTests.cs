using System.Net;
using KubeAspire.Dns.Wire;

namespace KubeAspire.Dns.Tests.Wire;

public sealed class DnsWireTests
{
    [Fact]
    public void AQuery_IsReadAsSent_WithCaseKeptInTheQuestionOnly()
    {
        var query = Messages.Parse(Messages.Query("Web.Default.svc", DnsRecordType.Srv, 7, edns: 4096));

        Assert.Equal(("web.default.svc", DnsRecordType.Srv, (ushort)7, true, DnsLimits.UdpMaximum, true),
            (query.Name, query.Type, query.Id, query.RecursionDesired, query.UdpSize, query.HasEdns));
        Assert.Contains((byte)'W', query.Question);
    }

    [Fact]
    public void AnAnswer_IsReadBackAsWritten()
    {
        var query = Messages.Parse(Messages.Query("a.example.com", DnsRecordType.A, edns: 1232));
        DnsRecord[] records =
        [
            new CanonicalNameRecord("a.example.com", 30, "b.example.com"),
            new AddressRecord("b.example.com", 30, IPAddress.Parse("192.0.2.1")),
            new AddressRecord("b.example.com", 20, IPAddress.Parse("2001:db8::1")),
        ];

        var response = DnsResponse.Parse(DnsWriter.Write(query, new DnsAnswer { Answers = records }, 1232));

        Assert.Equal(records, response!.Answers);
        Assert.Equal((query.Id, DnsResponseCode.NoError, false, 20u), (response.Id, response.Code, response.Truncated, response.LowestTimeToLive));
    }

    [Theory]
    [InlineData(null, 512)]
    [InlineData(1232, 1232)]
    public void AnAnswerThatIsTooLong_IsCutOffWithTheFlag(int? edns, int limit)
    {
        var query = Messages.Parse(Messages.Query("many.example.com", DnsRecordType.A, edns: edns));
        var answer = new DnsAnswer { Answers = [.. Enumerable.Range(0, 200).Select(i => new AddressRecord("many.example.com", 5, new IPAddress([10, 0, 0, (byte)i])))] };

        var message = DnsWriter.Write(query, answer, query.UdpSize);

        Assert.True(message.Length <= limit && message.Length > limit - 32, $"{message.Length} bytes");
        var response = DnsResponse.Parse(message)!;
        Assert.True(response.Truncated);
        Assert.True(response.Answers.Count is > 20 and < 200);
        Assert.False(DnsResponse.Parse(DnsWriter.Write(query, answer, DnsLimits.TcpMaximum))!.Truncated);
    }

    public static TheoryData<string, string, DnsResponseCode?> Refused => new()
    {
        // hexadecimal: header of 12 bytes, then what follows
        { "empty",                      "",                                                           null },
        { "half a header",              "1234010000",                                                 null },
        { "an answer, not a query",     "123480000001000000000000" + "00" + "00010001",               null },
        { "another opcode",             "123428000001000000000000" + "00" + "00010001",               DnsResponseCode.NotImplemented },
        { "no question",                "123401000000000000000000",                                   DnsResponseCode.FormatError },
        { "two questions",              "123401000002000000000000" + "00" + "00010001",               DnsResponseCode.FormatError },
        { "label past the end",         "123401000001000000000000" + "3f61",                          DnsResponseCode.FormatError },
        { "pointer to itself",          "123401000001000000000000" + "c00c" + "00010001",             DnsResponseCode.FormatError },
        { "pointer forwards",           "123401000001000000000000" + "c0ff" + "00010001",             DnsResponseCode.FormatError },
        { "reserved label type",        "123401000001000000000000" + "80" + "00010001",               DnsResponseCode.FormatError },
        { "no type",                    "123401000001000000000000" + "00" + "00",                     DnsResponseCode.FormatError },
        { "record counted, not there",  "123401000001000000000001" + "00" + "00010001",               DnsResponseCode.FormatError },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void AMalformedQuery_IsRefusedOrIgnored(string because, string hex, DnsResponseCode? expected)
    {
        var parsed = DnsQuery.TryParse(Convert.FromHexString(hex), out _, out var error);

        Assert.False(parsed, because);
        Assert.Equal(expected, error);
    }

    [Fact]
    public void ANameOf256Bytes_IsRefused_AndOneOf255IsNot()
    {
        var label = new string('a', 63);

        Assert.True(DnsQuery.TryParse(Messages.Query($"{label}.{label}.{label}.{label[..61]}", DnsRecordType.A), out _, out _));
        Assert.False(DnsQuery.TryParse(Messages.Query($"{label}.{label}.{label}.{label[..62]}", DnsRecordType.A), out _, out _));
    }

    [Fact]
    public void Noise_IsNeverTakenBadly()
    {
        for (var seed = 0; seed < 30_000; seed++)
        {
            var random = new Random(seed);
            var message = seed % 3 == 0 ? new byte[random.Next(80)] : Messages.Query("a.b.example.com", DnsRecordType.A, edns: 1232);
            if (seed % 3 == 0)
            {
                random.NextBytes(message);
            }

            for (var flips = random.Next(1, 6); flips > 0 && message.Length > 0; flips--)
            {
                message[random.Next(message.Length)] = (byte)random.Next(256);
            }

            if (DnsQuery.TryParse(message, out var query, out _))
            {
                var answer = DnsWriter.Write(query!, new DnsAnswer { Answers = [new AddressRecord(query!.Name, 5, IPAddress.Loopback)] }, query.UdpSize);
                Assert.True(answer.Length <= Math.Max(query.UdpSize, DnsLimits.Header + query.Question.Length + 11), $"seed {seed}");
            }

            if (message.Length > 2)
            {
                message[2] |= 0x80;
                _ = DnsResponse.Parse(message);
            }
        }
    }
}
