namespace KubeAspire.AppHost.Launching;

/// <summary>The log of one resource: a file that is kept small, and lines with the resource's name for the console.</summary>
internal sealed class ResourceLog : IDisposable
{
    /// <summary>Size past which the file is moved aside and begun anew; one old file is kept. 16 MiB.</summary>
    private const long MaximumBytes = 16 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly string _name;
    private readonly Action<string>? _show;
    private StreamWriter _file;

    public ResourceLog(string folder, string name, Action<string>? show)
    {
        Directory.CreateDirectory(folder);
        _name = name;
        _show = show;
        _path = Path.Combine(folder, $"{name}.log");
        _file = Open(append: true);
    }

    public void Write(string line)
    {
        lock (_gate)
        {
            _file.WriteLine(line);
            if (_file.BaseStream.Length > MaximumBytes)
            {
                _file.Dispose();
                File.Move(_path, _path + ".1", overwrite: true);
                _file = Open(append: false);
            }
        }

        _show?.Invoke($"{_name,-9} | {line}");
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _file.Dispose();
        }
    }

    private StreamWriter Open(bool append) => new(_path, append) { AutoFlush = true };
}
