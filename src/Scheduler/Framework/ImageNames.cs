namespace KubeAspire.Scheduler.Framework;

/// <summary>Image references as nodes report them.</summary>
public static class ImageNames
{
    /// <summary>A reference with its tag: <c>latest</c> where neither tag nor digest is named.</summary>
    public static string Normalize(string name)
    {
        // A colon after the last slash is a tag; one before it is a registry's port.
        return name.LastIndexOf(':') <= name.LastIndexOf('/') ? name + ":latest" : name;
    }
}
