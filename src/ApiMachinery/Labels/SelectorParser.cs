namespace KubeAspire.ApiMachinery.Labels;

/// <summary>Parses the text form of a label selector, with the complaints of k8s.io/apimachinery pkg/labels.</summary>
internal sealed class SelectorParser(string text)
{
    /// <summary>Requirements in one selector. 1000.</summary>
    private const int MaximumRequirements = 1000;

    private const string Special = "=!(),><";

    private int _at;

    private enum Kind
    {
        End,
        Identifier,
        Symbol,
    }

    private readonly record struct Token(Kind Kind, string Text)
    {
        public bool Is(string symbol) => Kind == Kind.Symbol && Text == symbol;
    }

    /// <exception cref="FormatException">The text is no selector.</exception>
    public List<Requirement> Parse()
    {
        var requirements = new List<Requirement>();
        while (true)
        {
            var token = Peek();
            if (token.Kind == Kind.End)
            {
                return requirements;
            }

            if (token.Kind != Kind.Identifier && !token.Is("!"))
            {
                throw new FormatException($"found '{token.Text}', expected: !, identifier, or 'end of string'");
            }

            try
            {
                requirements.Add(Requirement());
            }
            catch (FormatException e)
            {
                throw new FormatException($"unable to parse requirement: {e.Message}");
            }

            var next = Take();
            if (next.Kind == Kind.End)
            {
                return requirements;
            }

            if (!next.Is(","))
            {
                throw new FormatException($"found '{next.Text}', expected: ',' or 'end of string'");
            }

            var after = Peek();
            if (after.Kind != Kind.Identifier && !after.Is("!"))
            {
                throw new FormatException($"found '{after.Text}', expected: identifier after ','");
            }

            if (requirements.Count >= MaximumRequirements)
            {
                throw new FormatException($"a selector has at most {MaximumRequirements} requirements");
            }
        }
    }

    private Requirement Requirement()
    {
        var absent = Peek().Is("!");
        if (absent)
        {
            Take();
        }

        var key = Take();
        if (key.Kind != Kind.Identifier)
        {
            throw new FormatException($"found '{key.Text}', expected: identifier");
        }

        var next = Peek();
        if (absent || next.Kind == Kind.End || next.Is(","))
        {
            return Checked(new Requirement(key.Text, absent ? SelectorOperator.DoesNotExist : SelectorOperator.Exists, []));
        }

        // A bad key is told before a bad operator.
        Checked(new Requirement(key.Text, SelectorOperator.Exists, []));
        var token = Take();
        var op = token switch
        {
            { Kind: Kind.Identifier, Text: "in" } => SelectorOperator.In,
            { Kind: Kind.Identifier, Text: "notin" } => SelectorOperator.NotIn,
            { Kind: Kind.Symbol, Text: "=" or "==" } => SelectorOperator.In,
            { Kind: Kind.Symbol, Text: "!=" } => SelectorOperator.NotIn,
            { Kind: Kind.Symbol, Text: ">" } => SelectorOperator.GreaterThan,
            { Kind: Kind.Symbol, Text: "<" } => SelectorOperator.LessThan,
            _ => throw new FormatException($"found '{token.Text}', expected: in, notin, =, ==, !=, gt, lt"),
        };
        var values = token.Kind == Kind.Identifier ? Values() : [Value()];
        return Checked(new Requirement(key.Text, op, values));
    }

    private static Requirement Checked(Requirement requirement) =>
        requirement.Problem() is { } problem ? throw new FormatException(problem) : requirement;

    private string Value()
    {
        var next = Peek();
        if (next.Kind == Kind.End || next.Is(","))
        {
            return "";
        }

        Take();
        return next.Kind == Kind.Identifier ? next.Text : throw new FormatException($"found '{next.Text}', expected: identifier");
    }

    private string[] Values()
    {
        var open = Take();
        if (!open.Is("("))
        {
            throw new FormatException($"found '{open.Text}', expected: '('");
        }

        var values = new SortedSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var token = Take();
            if (token.Kind == Kind.Identifier)
            {
                values.Add(token.Text);
                token = Take();
                if (token.Is(")"))
                {
                    return [.. values];
                }

                if (!token.Is(","))
                {
                    throw new FormatException($"found '{token.Text}', expected: ',' or ')'");
                }

                if (Peek().Is(")"))
                {
                    values.Add("");
                }
            }
            else if (token.Is(","))
            {
                values.Add("");
                if (Peek().Is(")"))
                {
                    values.Add("");
                }
            }
            else if (token.Is(")"))
            {
                // "()" is a set that holds the empty string.
                return values.Count == 0 ? [""] : [.. values];
            }
            else
            {
                throw new FormatException($"found '{token.Text}', expected: ',', or identifier");
            }
        }
    }

    private Token Peek()
    {
        var at = _at;
        var token = Take();
        _at = at;
        return token;
    }

    private Token Take()
    {
        while (_at < text.Length && text[_at] is ' ' or '\t' or '\r' or '\n')
        {
            _at++;
        }

        if (_at == text.Length)
        {
            return new Token(Kind.End, "");
        }

        var start = _at;
        if (Special.Contains(text[_at], StringComparison.Ordinal))
        {
            _at++;
            if (text[start] is '=' or '!' && _at < text.Length && text[_at] == '=')
            {
                _at++;
            }

            return new Token(Kind.Symbol, text[start.._at]);
        }

        while (_at < text.Length && !Special.Contains(text[_at], StringComparison.Ordinal) && text[_at] is not (' ' or '\t' or '\r' or '\n'))
        {
            _at++;
        }

        return new Token(Kind.Identifier, text[start.._at]);
    }
}
