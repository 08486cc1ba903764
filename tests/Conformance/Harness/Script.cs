using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeAspire.Conformance.Harness;

/// <summary>
/// Plays a script of commands as a person types them, each with what it must print.
/// </summary>
/// <remarks>
/// A script that begins with the line <c>alone</c> changes what others use too, such as the nodes, and is played while no other such is. Every other line begins with what it is, and holds the test's namespace where it says <c>@ns</c>:
/// <code>
/// # words for the reader
/// file cm.yaml                  the lines below that begin with | are the file
/// | kind: ConfigMap
/// $ kubectl apply -f cm.yaml    must succeed
/// ! kubectl get cm nosuch       must fail
/// &amp; kubectl get cm -w           goes on beside the others; the &gt; that follow wait for its lines, and &amp;&gt; later
/// > configmap/cm created        a regular expression that the output must hold
/// - warning                     one that it must not hold
/// ~ kubectl get hpa             the same as $, but again and again until the > that follow hold
/// env KUBE_EDITOR=sed -i s/a/b/ for the commands that follow
/// since 1.31                    the next command only with such a kubectl or a newer one
/// </code>
/// </remarks>
public sealed partial class Script : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private readonly Dictionary<string, string> _environment;
    private readonly Dictionary<string, string> _programs;
    private readonly string _folder;
    private readonly string _namespace;
    private readonly decimal _version;
    private readonly List<string> _failures = [];
    private Process? _beside;

    /// <summary>Prepares a folder and a kubeconfig of its own, whose namespace is the test's.</summary>
    /// <param name="api">The control plane.</param>
    /// <param name="ns">The namespace; need not exist.</param>
    /// <param name="version">Of kubectl, as <c>1.28</c>; empty for the one on the PATH, which is given every step.</param>
    public Script(ControlPlane api, string ns, string version)
    {
        (_namespace, _version) = (ns, version.Length == 0 ? decimal.MaxValue : decimal.Parse(version, CultureInfo.InvariantCulture));
        _folder = Path.Combine(api.Folder, "scripts", ns);
        Directory.CreateDirectory(_folder);
        var kubeconfig = Path.Combine(_folder, "kubeconfig");
        File.WriteAllText(kubeconfig, File.ReadAllText(api.Kubeconfig));
        var home = Path.Combine(api.Folder, "home-" + version);
        Directory.CreateDirectory(home);
        _environment = new() { ["KUBECONFIG"] = kubeconfig, ["HOME"] = home, ["NO_COLOR"] = "1" };
        _programs = new(StringComparer.Ordinal) { ["kubectl"] = Programs.Require("kubectl", version) };
    }

    /// <summary>Lets a command's first word stand for a program.</summary>
    public Script With(string word, string program)
    {
        _programs[word] = program;
        return this;
    }

    /// <summary>Plays the script; every step that goes wrong is told at the end.</summary>
    public async Task PlayAsync(string text)
    {
        await RunAsync(["kubectl", "config", "set-context", "--current", "--namespace=" + _namespace]);
        var steps = Read(text.Replace("@ns", _namespace, StringComparison.Ordinal).Replace("@folder", _folder, StringComparison.Ordinal));
        foreach (var step in steps.Where(step => step.Since <= _version))
        {
            await PlayAsync(step);
        }

        Assert.True(_failures.Count == 0, string.Join("\n\n", _failures));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_beside is { HasExited: false })
        {
            _beside.Kill(entireProcessTree: true);
        }

        _beside?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task PlayAsync(Step step)
    {
        switch (step.Mark)
        {
            case "file":
                var path = Path.Combine(_folder, step.Words[0]);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllTextAsync(path, step.Body.ToString());
                return;
            case "env":
                var equals = step.Line.IndexOf('=', StringComparison.Ordinal);
                _environment[step.Line[..equals]] = step.Line[(equals + 1)..];
                return;
            case "&":
                _beside = Programs.Start(_programs[step.Words[0]], step.Words[1..], _folder, _environment);
                await AwaitLinesAsync(step);
                return;
            case "&>":
                await AwaitLinesAsync(step);
                return;
        }

        var started = Stopwatch.GetTimestamp();
        (int Code, string Output, string Errors) result;
        string? problem;
        do
        {
            result = await RunAsync(step.Words);
            problem = ProblemOf(step, result.Code, result.Output + result.Errors);
        }
        while (problem is not null && step.Mark == "~" && Stopwatch.GetElapsedTime(started) < s_patience);
        if (problem is not null)
        {
            _failures.Add($"{step.Mark} {step.Line}\n{problem}\ncode {result.Code}, output:\n{result.Output}{result.Errors}");
        }
    }

    private static string? ProblemOf(Step step, int code, string output)
    {
        if (code == 0 == (step.Mark == "!"))
        {
            return step.Mark == "!" ? "succeeded" : "failed";
        }

        return step.Wanted.Find(wanted => !Regex.IsMatch(output, wanted, RegexOptions.Multiline)) is { } missing ? $"does not say: {missing}"
            : step.Unwanted.Find(unwanted => Regex.IsMatch(output, unwanted, RegexOptions.Multiline)) is { } said ? $"says: {said}" : null;
    }

    private async Task AwaitLinesAsync(Step step)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(s_patience);
        List<string> seen = [];
        foreach (var wanted in step.Wanted)
        {
            try
            {
                while (await _beside!.StandardOutput.ReadLineAsync(patience.Token) is { } line)
                {
                    seen.Add(line);
                    if (Regex.IsMatch(line, wanted))
                    {
                        break;
                    }
                }

                if (seen.Count == 0 || !Regex.IsMatch(seen[^1], wanted))
                {
                    _failures.Add($"& {step.Line}\nended before {wanted}:\n{string.Join('\n', seen)}{await _beside.StandardError.ReadToEndAsync(patience.Token)}");
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                _failures.Add($"& {step.Line}\nnever said: {wanted}, but:\n{string.Join('\n', seen)}");
                return;
            }
        }
    }

    private Task<(int Code, string Output, string Errors)> RunAsync(string[] words) => Programs.RunAsync(_programs.GetValueOrDefault(words[0], words[0]), words[1..], _folder, _environment);

    private static List<Step> Read(string text)
    {
        List<Step> steps = [];
        var since = 0m;
        foreach (var line in text.Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0))
        {
            var (mark, rest) = line.Split(' ', 2) is [var first, var second] ? (first, second) : (line, "");
            switch (mark)
            {
                case "#":
                    break;
                case "since":
                    since = decimal.Parse(rest, CultureInfo.InvariantCulture);
                    break;
                case "|":
                    steps[^1].Body.Append(rest).Append('\n');
                    break;
                case ">":
                    steps[^1].Wanted.Add(rest);
                    break;
                case "-":
                    steps[^1].Unwanted.Add(rest);
                    break;
                case "&>":
                    steps.Add(new Step(mark, rest, [], since));
                    steps[^1].Wanted.Add(rest);
                    break;
                case "$" or "!" or "~" or "&" or "file" or "env":
                    steps.Add(new Step(mark, rest, [.. Words().Matches(rest).Select(match => match.Value.Replace("'", "", StringComparison.Ordinal))], since));
                    since = 0;
                    break;
                default:
                    throw new FormatException($"no step of a script: {line}");
            }
        }

        return steps;
    }

    // Words between blanks; what stands in single quotes may hold blanks.
    [GeneratedRegex("(?:[^\\s']|'[^']*')+")]
    private static partial Regex Words();

    private sealed record Step(string Mark, string Line, string[] Words, decimal Since)
    {
        public StringBuilder Body { get; } = new();

        public List<string> Wanted { get; } = [];

        public List<string> Unwanted { get; } = [];
    }
}
