using System.Globalization;
using System.Text;
using KubeAspire.ApiMachinery.Errors;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>What values break, where the walk through them is, and how many checks they came through (by which the nearest of several alternatives is told).</summary>
/// <remarks>One for a whole object: where a value stands is put into words only where something is wrong with it.</remarks>
internal sealed class Verdict
{
    private readonly List<(string? Name, int Index)> _path;

    public Verdict() => _path = [];

    private Verdict(List<(string? Name, int Index)> path) => _path = path;

    public List<FieldError> Errors { get; } = [];

    public int Matches { get; set; }

    public bool IsValid => Errors.Count == 0;

    /// <summary>Where the walk is: <c>spec.items[0].name</c>; empty at the root.</summary>
    public string Path
    {
        get
        {
            var text = new StringBuilder();
            foreach (var (name, index) in _path)
            {
                _ = name is null
                    ? text.Append('[').Append(index.ToString(CultureInfo.InvariantCulture)).Append(']')
                    : text.Append(text.Length == 0 ? "" : ".").Append(name);
            }

            return text.ToString();
        }
    }

    /// <summary>As <see cref="Path"/>, for an error's field: Go's word for none at the root.</summary>
    public string Field => _path.Count == 0 ? "<nil>" : Path;

    /// <summary>An empty verdict on the same value by other rules.</summary>
    public Verdict Another() => new(_path);

    public void Enter(string name) => _path.Add((name, 0));

    public void Enter(int index) => _path.Add((null, index));

    public void Leave() => _path.RemoveAt(_path.Count - 1);

    public void Merge(Verdict other)
    {
        Errors.AddRange(other.Errors);
        Matches += other.Matches;
    }
}
