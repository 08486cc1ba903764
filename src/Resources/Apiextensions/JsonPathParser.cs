using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>Reads the text of a <see cref="JsonPath"/>.</summary>
internal ref struct JsonPathParser
{
    private readonly ReadOnlySpan<char> _text;
    private int _at;

    private JsonPathParser(ReadOnlySpan<char> text) => _text = text;

    /// <exception cref="FormatException">The text is no path.</exception>
    public static IReadOnlyList<JsonPathStep> Parse(string text)
    {
        var bare = text.AsSpan();
        if (bare.Length >= 2 && bare[0] == '{' && bare[^1] == '}')
        {
            bare = bare[1..^1];
        }

        if (bare.StartsWith("$"))
        {
            bare = bare[1..];
        }

        if (bare.IsEmpty)
        {
            throw new FormatException("the path is empty");
        }

        var parser = new JsonPathParser(bare);
        // kubectl takes "spec.x" for ".spec.x".
        return parser.Steps(untilOperator: false, nameFirst: bare[0] is not ('.' or '['));
    }

    private readonly bool More => _at < _text.Length;

    private List<JsonPathStep> Steps(bool untilOperator, bool nameFirst = false)
    {
        var steps = new List<JsonPathStep>();
        if (nameFirst)
        {
            Name(steps);
        }

        while (More && !(untilOperator && _text[_at] is ' ' or '=' or '!' or '<' or '>' or ')'))
        {
            switch (_text[_at])
            {
                case '.' when _at + 1 < _text.Length && _text[_at + 1] == '.':
                    _at += 2;
                    steps.Add(new RecursiveStep());
                    if (!More || _text[_at] != '[')
                    {
                        Name(steps);
                    }

                    break;
                case '.':
                    _at++;
                    // A lone "." is the object itself, and ".[0]" is "[0]".
                    if (More && _text[_at] != '[')
                    {
                        Name(steps);
                    }

                    break;
                case '[':
                    _at++;
                    steps.Add(Bracket());
                    break;
                default:
                    throw new FormatException($"unexpected character '{_text[_at]}' at {_at} of \"{_text}\"");
            }

            if (steps.Count > JsonPath.MaximumSteps)
            {
                throw new FormatException($"the path has more than {JsonPath.MaximumSteps} steps");
            }
        }

        return steps;
    }

    private void Name(List<JsonPathStep> steps)
    {
        if (More && _text[_at] == '*')
        {
            _at++;
            steps.Add(new WildcardStep());
            return;
        }

        var name = new StringBuilder();
        for (; More && _text[_at] is not ('.' or '[' or ' ' or '=' or '!' or '<' or '>' or ')' or ']' or '{' or '}' or '"' or '\''); _at++)
        {
            if (_text[_at] == '\\' && ++_at == _text.Length)
            {
                throw new FormatException($"a lone backslash ends \"{_text}\"");
            }

            name.Append(_text[_at]);
        }

        steps.Add(name.Length > 0 ? new FieldStep([name.ToString()]) : throw new FormatException($"a name is expected at {_at} of \"{_text}\""));
    }

    private JsonPathStep Bracket()
    {
        Blanks();
        if (!More)
        {
            throw Unterminated();
        }

        JsonPathStep step;
        switch (_text[_at])
        {
            case '*':
                _at++;
                step = new WildcardStep();
                break;
            case '\'' or '"':
                step = new FieldStep(Quotes());
                break;
            case '?':
                step = Filter();
                break;
            default:
                step = Slice();
                break;
        }

        Blanks();
        Expect(']');
        return step;
    }

    private List<string> Quotes()
    {
        List<string> names = [Quoted()];
        for (Blanks(); More && _text[_at] == ','; Blanks())
        {
            _at++;
            Blanks();
            names.Add(Quoted());
        }

        return names;
    }

    private string Quoted()
    {
        if (!More || _text[_at] is not ('\'' or '"'))
        {
            throw new FormatException($"a quoted name is expected at {_at} of \"{_text}\"");
        }

        var quote = _text[_at++];
        var text = new StringBuilder();
        for (; More && _text[_at] != quote; _at++)
        {
            if (_text[_at] == '\\' && _at + 1 < _text.Length)
            {
                _at++;
            }

            text.Append(_text[_at]);
        }

        Expect(quote);
        return text.ToString();
    }

    private SliceStep Slice()
    {
        var start = Number();
        if (More && _text[_at] != ':')
        {
            return new SliceStep(start ?? throw new FormatException($"a number, a name in quotes, * or a filter is expected at {_at} of \"{_text}\""), null, 1, single: true);
        }

        Expect(':');
        var end = Number();
        var step = 1;
        if (More && _text[_at] == ':')
        {
            _at++;
            step = Number() ?? 1;
        }

        return step > 0 ? new SliceStep(start, end, step, single: false) : throw new FormatException($"the step of a slice must be positive in \"{_text}\"");
    }

    private int? Number()
    {
        Blanks();
        var start = _at;
        while (More && (char.IsAsciiDigit(_text[_at]) || (_text[_at] == '-' && _at == start)))
        {
            _at++;
        }

        var digits = _text[start.._at];
        Blanks();
        if (digits.IsEmpty)
        {
            return null;
        }

        return int.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"\"{digits}\" is no index");
    }

    private FilterStep Filter()
    {
        Expect('?');
        Expect('(');
        var left = Operand();
        Blanks();
        if (More && _text[_at] == ')')
        {
            _at++;
            return new FilterStep(left, null, null);
        }

        string? comparison = null;
        foreach (var known in (ReadOnlySpan<string>)["==", "!=", "<=", ">=", "<", ">"])
        {
            if (comparison is null && _text[_at..].StartsWith(known))
            {
                comparison = known;
            }
        }

        _at += comparison?.Length ?? throw new FormatException($"a comparison is expected at {_at} of \"{_text}\"");
        var right = Operand();
        Blanks();
        Expect(')');
        return new FilterStep(left, comparison, right);
    }

    private JsonPathOperand Operand()
    {
        Blanks();
        if (!More)
        {
            throw Unterminated();
        }

        switch (_text[_at])
        {
            case '@' or '$':
                _at++;
                return new JsonPathOperand(null, Steps(untilOperator: true));
            case '\'' or '"':
                return new JsonPathOperand(JsonValue.Create(Quoted()), null);
        }

        var start = _at;
        while (More && _text[_at] is not (' ' or '=' or '!' or '<' or '>' or ')'))
        {
            _at++;
        }

        var word = _text[start.._at];
        return word switch
        {
            "true" => new JsonPathOperand(JsonValue.Create(true), null),
            "false" => new JsonPathOperand(JsonValue.Create(false), null),
            "null" => new JsonPathOperand(null, null),
            _ when double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => new JsonPathOperand(JsonValue.Create(number), null),
            _ => throw new FormatException($"\"{word}\" is no value to compare with"),
        };
    }

    private void Blanks()
    {
        while (More && _text[_at] == ' ')
        {
            _at++;
        }
    }

    private void Expect(char wanted)
    {
        if (!More)
        {
            throw Unterminated();
        }

        if (_text[_at] != wanted)
        {
            throw new FormatException($"'{wanted}' is expected at {_at} of \"{_text}\"");
        }

        _at++;
    }

    private readonly FormatException Unterminated() => new($"\"{_text}\" ends too early");
}
