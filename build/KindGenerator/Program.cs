// Writes the dull part of ApiMachinery/Meta and Resources: a record per type, the schema tables and the names of the kinds.
// usage: dotnet run --project build/KindGenerator -- <folder with definitions.json, messages.json, paths.json> <repository root>
using KubeAspire.KindGenerator;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: KindGenerator <api data folder> <repository root>");
    return 2;
}

var api = ApiData.Load(args[0], Path.Combine(args[1], "build/KindGenerator/pointers.txt"));
var wanted = File.ReadLines(Path.Combine(args[1], "build/KindGenerator/kinds.txt"))
    .Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').ToList();
var output = new Output(args[1]);
var descriptions = new Descriptions(File.ReadLines(Path.Combine(args[1], "build/KindGenerator/descriptions.txt")), api);
new Emitter(api, descriptions, output).Emit(wanted);
output.Commit();
Console.WriteLine($"{output.Count} files written");
return 0;
