using System.Globalization;
using System.Text;

namespace KubeAspire.StateStore.Redis;

/// <summary>The kinds of answer in Redis' protocol, version 2.</summary>
internal enum RespKind
{
    /// <summary>Nothing there.</summary>
    Null,

    /// <summary>A word such as OK.</summary>
    Simple,

    /// <summary>A refusal; its first word says which.</summary>
    Error,

    /// <summary>A number.</summary>
    Integer,

    /// <summary>Bytes.</summary>
    Bulk,

    /// <summary>A list of answers.</summary>
    Array,
}

/// <summary>An answer of the server.</summary>
internal readonly record struct RespValue(RespKind Kind, long Integer = 0, byte[]? Bytes = null, RespValue[]? Items = null)
{
    /// <summary>The bytes as text; empty where there are none.</summary>
    public string Text => Bytes is null ? Integer.ToString(CultureInfo.InvariantCulture) : Encoding.UTF8.GetString(Bytes);

    public bool IsNull => Kind == RespKind.Null;
}
