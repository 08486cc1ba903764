using System.CommandLine;
using KubeAspire.Soak;

var seed = new Option<int>("--seed") { Description = "The first seed; the next run of a kind takes the next. Drawn where it is not given." };
var minutes = new Option<double>("--minutes") { Description = "How long to go on.", DefaultValueFactory = _ => 10 };
var runs = new Option<int>("--runs") { Description = "Runs of each kind, instead of a time. A failure is replayed by its seed and --runs 1." };
var kinds = new Argument<string[]>("what") { Description = $"Some of: {string.Join(", ", Kinds.All.Select(kind => kind.Name))}. All where none is named.", Arity = ArgumentArity.ZeroOrMore };
var command = new RootCommand("Loses power, kills, starves and damages the state store for as long as it is told to, from seeds.") { seed, minutes, runs, kinds };
command.SetAction((parsed, cancellationToken) =>
{
    var wanted = parsed.GetValue(kinds) is { Length: > 0 } names ? names : [.. Kinds.All.Select(kind => kind.Name)];
    var unknown = wanted.Except(Kinds.All.Select(kind => kind.Name)).ToList();
    if (unknown.Count > 0)
    {
        Console.Error.WriteLine($"There is no {string.Join(", ", unknown)}; there are {string.Join(", ", Kinds.All.Select(kind => kind.Name))}.");
        return Task.FromResult(2);
    }

    var first = parsed.GetResult(seed) is null ? new Random().Next(1_000_000) : parsed.GetValue(seed);
    var soak = new SoakRun([.. Kinds.All.Where(kind => wanted.Contains(kind.Name))], first, TimeSpan.FromMinutes(parsed.GetValue(minutes)), parsed.GetValue(runs), TimeProvider.System);
    return soak.RunAsync(Console.Out, cancellationToken);
});
return await command.Parse(args).InvokeAsync();
