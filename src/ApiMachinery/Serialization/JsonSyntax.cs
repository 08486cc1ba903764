using System.Text;

namespace KubeAspire.ApiMachinery.Serialization;

/// <summary>Says what is wrong with a text that is not JSON, in the words of Go's encoding/json, which users of Kubernetes know.</summary>
internal ref struct JsonSyntax
{
    private readonly ReadOnlySpan<byte> _text;
    private readonly Stack<bool> _open; // true for an object
    private int _at;

    private JsonSyntax(ReadOnlySpan<byte> text)
    {
        _text = text;
        _open = new Stack<bool>();
    }

    /// <summary>The first error in <paramref name="text"/>.</summary>
    public static string Describe(ReadOnlySpan<byte> text) => new JsonSyntax(text).Find() ?? "exceeded max depth";

    private string? Find()
    {
        while (true)
        {
            if (Value() is { } error)
            {
                return error;
            }

            // After a value: close what ends here, until another value is due.
            while (true)
            {
                Skip();
                if (_open.Count == 0)
                {
                    return _at == _text.Length ? null : Invalid("after top-level value");
                }

                if (_at == _text.Length)
                {
                    return End;
                }

                var isObject = _open.Peek();
                var c = _text[_at];
                if (c == ',')
                {
                    _at++;
                    if (isObject && Key() is { } bad)
                    {
                        return bad;
                    }

                    break;
                }

                if (c != (isObject ? '}' : ']'))
                {
                    return Invalid(isObject ? "after object key:value pair" : "after array element");
                }

                _at++;
                _open.Pop();
            }

            if (_open.Count > JsonTree.MaximumDepth)
            {
                return "exceeded max depth";
            }
        }
    }

    private const string End = "unexpected end of JSON input";

    // Reads a scalar, or opens containers until a scalar or an empty container was read.
    private string? Value()
    {
        while (true)
        {
            Skip();
            if (_at == _text.Length)
            {
                return End;
            }

            if (_open.Count > JsonTree.MaximumDepth)
            {
                return "exceeded max depth";
            }

            switch (_text[_at])
            {
                case (byte)'{':
                    _at++;
                    _open.Push(true);
                    Skip();
                    if (_at < _text.Length && _text[_at] == '}')
                    {
                        return null;
                    }

                    if (Key() is { } error)
                    {
                        return error;
                    }

                    continue;
                case (byte)'[':
                    _at++;
                    _open.Push(false);
                    Skip();
                    if (_at < _text.Length && _text[_at] == ']')
                    {
                        return null;
                    }

                    continue;
                case (byte)'"': return String();
                case (byte)'t': return Literal("true");
                case (byte)'f': return Literal("false");
                case (byte)'n': return Literal("null");
                case (byte)'-' or (>= (byte)'0' and <= (byte)'9'): return Number();
                default: return Invalid("looking for beginning of value");
            }
        }
    }

    private string? Key()
    {
        Skip();
        if (_at == _text.Length)
        {
            return End;
        }

        if (_text[_at] != '"')
        {
            return Invalid("looking for beginning of object key string");
        }

        if (String() is { } error)
        {
            return error;
        }

        Skip();
        if (_at == _text.Length)
        {
            return End;
        }

        return _text[_at++] == ':' ? null : Invalid("after object key", _at - 1);
    }

    private string? String()
    {
        for (_at++; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c == '"')
            {
                _at++;
                return null;
            }

            if (c < 0x20)
            {
                return Invalid("in string literal");
            }

            if (c != '\\')
            {
                continue;
            }

            if (++_at == _text.Length)
            {
                return End;
            }

            if (_text[_at] == 'u')
            {
                for (var digits = 0; digits < 4; digits++)
                {
                    if (++_at == _text.Length)
                    {
                        return End;
                    }

                    if (!char.IsAsciiHexDigit((char)_text[_at]))
                    {
                        return Invalid("in \\u hexadecimal character escape");
                    }
                }
            }
            else if (!"\"\\/bfnrt"u8.Contains(_text[_at]))
            {
                return Invalid("in string escape code");
            }
        }

        return End;
    }

    private string? Literal(string word)
    {
        for (var i = 1; i < word.Length; i++)
        {
            if (++_at == _text.Length)
            {
                return End;
            }

            if (_text[_at] != word[i])
            {
                return Invalid($"in literal {word} (expecting '{word[i]}')");
            }
        }

        _at++;
        return null;
    }

    private string? Number()
    {
        if (_text[_at] == '-' && (++_at == _text.Length || !IsDigit()))
        {
            return _at == _text.Length ? End : Invalid("in numeric literal");
        }

        if (_text[_at] == '0')
        {
            _at++;
        }
        else
        {
            Digits();
        }

        if (_at < _text.Length && _text[_at] == '.')
        {
            if (++_at == _text.Length || !IsDigit())
            {
                return _at == _text.Length ? End : Invalid("after decimal point in numeric literal");
            }

            Digits();
        }

        if (_at < _text.Length && _text[_at] is (byte)'e' or (byte)'E')
        {
            if (++_at < _text.Length && _text[_at] is (byte)'+' or (byte)'-')
            {
                _at++;
            }

            if (_at == _text.Length || !IsDigit())
            {
                return _at == _text.Length ? End : Invalid("in exponent of numeric literal");
            }

            Digits();
        }

        return null;
    }

    private readonly bool IsDigit() => _text[_at] is >= (byte)'0' and <= (byte)'9';

    private void Digits()
    {
        while (_at < _text.Length && IsDigit())
        {
            _at++;
        }
    }

    private void Skip()
    {
        while (_at < _text.Length && _text[_at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            _at++;
        }
    }

    private readonly string Invalid(string context) => Invalid(context, _at);

    private readonly string Invalid(string context, int at)
    {
        var c = _text[at];
        var shown = c switch
        {
            (byte)'\'' => "\\'",
            (byte)'"' => "\"",
            (byte)'\n' => "\\n",
            (byte)'\r' => "\\r",
            (byte)'\t' => "\\t",
            (byte)'\\' => "\\\\",
            < 0x20 or 0x7f => $"\\x{c:x2}",
            < 0x80 => ((char)c).ToString(),
            _ => Encoding.Latin1.GetString([c]),
        };
        return $"invalid character '{shown}' {context}";
    }
}
