using System.Net.Sockets;
using System.Text;

namespace Guestbook.Web;

/// <summary>The entries, in a Redis list. Speaks the few words of Redis' protocol (RESP2) that a guestbook needs, one connection a call.</summary>
/// <param name="address">Host and port, such as <c>redis:6379</c>.</param>
/// <param name="list">The key of the list.</param>
internal sealed class EntryStore(string address, string list)
{
    /// <summary>Longest entry, in characters.</summary>
    public const int MaximumLength = 200;

    /// <summary>Most entries that are kept and shown.</summary>
    private const int MaximumEntries = 100;

    /// <summary>How long Redis may take to answer. 2 s.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public async Task AddAsync(string text, CancellationToken cancelled)
    {
        await CallAsync(["LPUSH", list, text], cancelled);
        await CallAsync(["LTRIM", list, "0", $"{MaximumEntries - 1}"], cancelled);
    }

    public Task<IReadOnlyList<string>> ReadAsync(CancellationToken cancelled) => CallAsync(["LRANGE", list, "0", $"{MaximumEntries - 1}"], cancelled);

    public async Task<bool> AnswersAsync(CancellationToken cancelled)
    {
        try
        {
            await CallAsync(["PING"], cancelled);
            return true;
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<IReadOnlyList<string>> CallAsync(string[] words, CancellationToken cancelled)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        patience.CancelAfter(s_patience);
        using var client = new TcpClient { NoDelay = true };
        var colon = address.LastIndexOf(':');
        await client.ConnectAsync(address[..colon], int.Parse(address[(colon + 1)..]), patience.Token);
        await using var stream = client.GetStream();
        var request = new StringBuilder($"*{words.Length}\r\n");
        foreach (var word in words)
        {
            request.Append($"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        }

        await stream.WriteAsync(Encoding.UTF8.GetBytes(request.ToString()), patience.Token);
        // Latin-1 keeps a character a byte, so that lengths in bytes cut the text where they should.
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await AnswerAsync(reader, patience.Token);
    }

    private static async Task<IReadOnlyList<string>> AnswerAsync(StreamReader reader, CancellationToken cancelled)
    {
        var line = await reader.ReadLineAsync(cancelled) ?? throw new IOException("Redis closed the connection");
        switch (line[0])
        {
            case '-':
                throw new IOException(line[1..]);
            case '$':
                return [await TextAsync(reader, int.Parse(line.AsSpan(1)), cancelled)];
            case '*':
                var items = new List<string>();
                for (var left = int.Parse(line.AsSpan(1)); left > 0; left--)
                {
                    items.AddRange(await AnswerAsync(reader, cancelled));
                }

                return items;
            default:
                return [line[1..]];
        }
    }

    private static async Task<string> TextAsync(StreamReader reader, int length, CancellationToken cancelled)
    {
        var buffer = new char[length + 2];
        await reader.ReadBlockAsync(buffer, cancelled);
        return Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(buffer, 0, length));
    }
}
