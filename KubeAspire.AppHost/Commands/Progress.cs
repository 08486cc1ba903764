using Spectre.Console;

namespace KubeAspire.AppHost.Commands;

/// <summary>Says what is going on: a spinner on a terminal, plain lines elsewhere.</summary>
internal sealed class Progress
{
    private readonly bool _terminal = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive;

    /// <summary>Runs some work, telling its steps.</summary>
    public async Task<T> RunAsync<T>(string first, Func<Action<string>, Task<T>> work)
    {
        if (!_terminal)
        {
            Console.WriteLine(first);
            return await work(Console.WriteLine);
        }

        return await AnsiConsole.Status().Spinner(Spinner.Known.Dots).StartAsync(Markup.Escape(first), context => work(step =>
        {
            AnsiConsole.MarkupLine($"[green]✓[/] {Markup.Escape(context.Status)}");
            context.Status(Markup.Escape(step));
        }));
    }

    /// <summary>The last words of a successful start.</summary>
    public void Show(IReadOnlyList<(string Name, string Value)> rows, string hint)
    {
        if (_terminal)
        {
            var table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn("").AddColumn("");
            foreach (var (name, value) in rows)
            {
                table.AddRow(new Markup($"[bold]{Markup.Escape(name)}[/]"), new Text(value));
            }

            AnsiConsole.Write(table);
            AnsiConsole.MarkupLine(Markup.Escape(hint));
            return;
        }

        foreach (var (name, value) in rows)
        {
            Console.WriteLine($"{name}: {value}");
        }

        Console.WriteLine(hint);
    }

    /// <summary>One sentence that says what went wrong.</summary>
    public void Fail(string message)
    {
        if (_terminal)
        {
            AnsiConsole.MarkupLine($"[red]✗[/] {Markup.Escape(message)}");
        }
        else
        {
            Console.Error.WriteLine(message);
        }
    }
}
