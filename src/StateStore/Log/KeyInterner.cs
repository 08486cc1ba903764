namespace KubeAspire.StateStore.Log;

/// <summary>Shares the strings of collections and namespaces between the keys of a recovery: there are few of them and many keys.</summary>
internal sealed class KeyInterner
{
    private readonly Dictionary<string, string> _known = [];

    public StateKey Intern(string collection, string ns, string name) => new(One(collection), One(ns), name);

    private string One(string value)
    {
        if (_known.TryGetValue(value, out var known))
        {
            return known;
        }

        _known.Add(value, value);
        return value;
    }
}
