using Microsoft.AspNetCore.Http;

namespace KubeAspire.NodeAgent.Streaming.Remote;

/// <summary>What a client wants of a process: which of its streams, and a terminal.</summary>
/// <param name="Stdin">Standard input.</param>
/// <param name="Stdout">Standard output.</param>
/// <param name="Stderr">Standard error; never with a terminal, which has one output.</param>
/// <param name="Tty">A terminal.</param>
internal sealed record RemoteOptions(bool Stdin, bool Stdout, bool Stderr, bool Tty)
{
    /// <summary>Reads the query; null where no stream is wanted.</summary>
    public static RemoteOptions? Parse(IQueryCollection query)
    {
        var tty = Flag(query, "tty");
        var options = new RemoteOptions(Flag(query, "stdin"), Flag(query, "stdout"), Flag(query, "stderr") && !tty, tty);
        return options.Stdin || options.Stdout || options.Stderr ? options : null;
    }

    private static bool Flag(IQueryCollection query, string name) => query[name].ToString() is "1" or "true";
}
