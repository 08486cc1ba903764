using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeAspire.Resources.Apiextensions;

/// <summary>A regular expression in Go's syntax (RE2), run by .NET in time linear in the text.</summary>
/// <remarks>
/// Go's own syntax is translated where .NET means something else by it: <c>$</c>, <c>\d \w \s</c> (ASCII), <c>[[:alpha:]]</c>,
/// <c>(?P&lt;n&gt;…)</c>, <c>\x{1F600}</c>, <c>\Q…\E</c>, <c>[</c> inside a class. What Go refuses (look-around, back-references) is refused.
/// A character beyond the basic plane counts as two here, and of scripts (<c>\p{Greek}</c>) only those that .NET names are known.
/// </remarks>
internal sealed class GoPattern
{
    /// <summary>Patterns kept translated. 4096; past that the cache starts over.</summary>
    private const int MaximumCached = 4096;

    // Only for a pattern that the linear engine finds too large; most matches take microseconds.
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(200);

    private static readonly ConcurrentDictionary<string, (GoPattern? Pattern, string? Error)> s_cache = new(StringComparer.Ordinal);

    private readonly Regex _regex;

    private GoPattern(Regex regex) => _regex = regex;

    /// <summary>Reads a pattern; <paramref name="error"/> is in Go's words where Go would refuse it.</summary>
    public static bool TryParse(string pattern, [NotNullWhen(true)] out GoPattern? found, [NotNullWhen(false)] out string? error)
    {
        if (s_cache.Count > MaximumCached)
        {
            s_cache.Clear();
        }

        (found, error) = s_cache.GetOrAdd(pattern, static text => Compile(text));
        return found is not null;
    }

    /// <summary>Whether the pattern is found anywhere in a text.</summary>
    public bool IsMatch(string text)
    {
        try
        {
            return _regex.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    private static (GoPattern? Pattern, string? Error) Compile(string pattern)
    {
        try
        {
            var translated = new Translator(pattern).Run();
            try
            {
                return (new(new Regex(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)), null);
            }
            catch (NotSupportedException)
            {
                return (new(new Regex(translated, RegexOptions.CultureInvariant, s_longest)), null);
            }
        }
        catch (Exception broken) when (broken is FormatException or ArgumentException)
        {
            return (null, $"error parsing regexp: {broken.Message}");
        }
    }

    private sealed class Translator(string pattern)
    {
        private const int MaximumRepeat = 1000; // regexp/syntax

        private static readonly Dictionary<string, string> s_classes = new(StringComparer.Ordinal)
        {
            ["alnum"] = "0-9A-Za-z", ["alpha"] = "A-Za-z", ["ascii"] = @"\x00-\x7F", ["blank"] = @"\t ", ["cntrl"] = @"\x00-\x1F\x7F", ["digit"] = "0-9",
            ["graph"] = "!-~", ["lower"] = "a-z", ["print"] = " -~", ["punct"] = @"!-/:-@\[-`{-~", ["space"] = @"\t\n\v\f\r ", ["upper"] = "A-Z", ["word"] = "0-9A-Za-z_", ["xdigit"] = "0-9A-Fa-f",
        };

        private static readonly Dictionary<string, string> s_otherClasses = new(StringComparer.Ordinal)
        {
            ["alnum"] = @"\x00-/:-@\[-`{-\uFFFF", ["alpha"] = @"\x00-@\[-`{-\uFFFF", ["ascii"] = @"\x80-\uFFFF", ["blank"] = @"\x00-\x08\x0A-\x1F!-\uFFFF", ["cntrl"] = @" -~\x80-\uFFFF",
            ["digit"] = @"\x00-/:-\uFFFF", ["graph"] = @"\x00- \x7F-\uFFFF", ["lower"] = @"\x00-`{-\uFFFF", ["print"] = @"\x00-\x1F\x7F-\uFFFF",
            ["punct"] = @"\x00- 0-9A-Za-z\x7F-\uFFFF", ["space"] = @"\x00-\x08\x0E-\x1F!-\uFFFF", ["upper"] = @"\x00-@\[-\uFFFF", ["word"] = @"\x00-/:-@\[-\^`{-\uFFFF", ["xdigit"] = @"\x00-/:-@G-`g-\uFFFF",
        };

        // \d and its like, without brackets; space without the vertical tab, unlike [[:space:]].
        private static readonly Dictionary<char, string> s_perl = new()
        {
            ['d'] = "0-9", ['D'] = @"\x00-/:-\uFFFF", ['w'] = "0-9A-Za-z_", ['W'] = @"\x00-/:-@\[-\^`{-\uFFFF", ['s'] = @"\t\n\f\r ", ['S'] = @"\x00-\x08\x0B\x0E-\x1F!-\uFFFF",
        };

        private readonly StringBuilder _into = new(pattern.Length + 16);
        private readonly Stack<bool> _multiline = new([false]);
        private int _at;

        public string Run()
        {
            while (_at < pattern.Length)
            {
                Next();
            }

            return _into.ToString();
        }

        private void Next()
        {
            var c = pattern[_at];
            switch (c)
            {
                case '\\':
                    Escape(inClass: false);
                    break;
                case '[':
                    Class();
                    break;
                case '(':
                    Group();
                    break;
                case ')':
                    if (_multiline.Count > 1)
                    {
                        _multiline.Pop();
                    }

                    Keep();
                    break;
                case '$':
                    _at++;
                    _into.Append(_multiline.Peek() ? @"(?:$)" : @"\z");
                    break;
                case '{':
                    Repeat();
                    break;
                default:
                    Keep();
                    break;
            }
        }

        private void Keep() => _into.Append(pattern[_at++]);

        private void Repeat()
        {
            var end = pattern.IndexOf('}', _at);
            var counts = end < 0 ? [] : pattern[(_at + 1)..end].Split(',');
            var isRepeat = counts.Length is 1 or 2 && counts[0].Length > 0 && counts.All(count => count.All(char.IsAsciiDigit));
            if (!isRepeat)
            {
                _at++;
                _into.Append(@"\{");
                return;
            }

            if (counts.Any(count => count.Length > 0 && (!int.TryParse(count, CultureInfo.InvariantCulture, out var number) || number > MaximumRepeat)))
            {
                throw new FormatException($"invalid repeat count: `{pattern[_at..(end + 1)]}`");
            }

            _into.Append(pattern, _at, end + 1 - _at);
            _at = end + 1;
        }

        private void Group()
        {
            if (_at + 1 >= pattern.Length || pattern[_at + 1] != '?')
            {
                _multiline.Push(_multiline.Peek());
                Keep();
                return;
            }

            var rest = pattern.AsSpan(_at);
            if (rest.StartsWith("(?P<") || (rest.StartsWith("(?<") && rest.Length > 3 && rest[3] is not ('=' or '!')))
            {
                var start = rest[2] == 'P' ? 4 : 3;
                var end = rest.IndexOf('>');
                if (end <= start || !rest[start..end].ToString().All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
                {
                    throw new FormatException($"invalid named capture: `{rest}`");
                }

                // The name is of no use to a match that is only asked whether it is one.
                _multiline.Push(_multiline.Peek());
                _into.Append('(');
                _at += end + 1;
                return;
            }

            Flags(rest);
        }

        // (?i) applies to the rest of the group, (?i:…) to a group of its own.
        private void Flags(ReadOnlySpan<char> rest)
        {
            var end = rest.IndexOfAny(':', ')');
            var flags = end < 0 ? rest : rest[2..end];
            if (end < 0 || flags.IndexOfAnyExcept("imsU-") >= 0 || (flags.IsEmpty && rest[end] == ')'))
            {
                throw new FormatException($"invalid or unsupported Perl syntax: `{(rest.Length > 3 && rest[2] == '<' ? rest[..4] : rest[..Math.Min(3, rest.Length)])}`");
            }

            if (flags.Contains('U'))
            {
                throw new FormatException("the flag U is not supported");
            }

            var multiline = _multiline.Peek();
            if (flags.IndexOf('m') is var m and >= 0)
            {
                multiline = flags.IndexOf('-') is var minus && (minus < 0 || m < minus);
            }

            if (rest[end] == ':')
            {
                _multiline.Push(multiline);
            }
            else
            {
                _multiline.Pop();
                _multiline.Push(multiline);
            }

            _into.Append(rest[..(end + 1)]);
            _at += end + 1;
        }

        private void Class()
        {
            var start = _at++;
            _into.Append('[');
            if (_at < pattern.Length && pattern[_at] == '^')
            {
                Keep();
            }

            // A bracket that comes first is a member.
            if (_at < pattern.Length && pattern[_at] == ']')
            {
                _into.Append(@"\]");
                _at++;
            }

            while (_at < pattern.Length && pattern[_at] != ']')
            {
                if (pattern[_at] == '\\')
                {
                    Escape(inClass: true);
                }
                else if (pattern.AsSpan(_at).StartsWith("[:") && pattern.IndexOf(":]", _at + 2, StringComparison.Ordinal) is var end and > 0)
                {
                    var name = pattern[(_at + 2)..end];
                    var set = name.StartsWith('^') ? s_otherClasses.GetValueOrDefault(name[1..]) : s_classes.GetValueOrDefault(name);
                    _into.Append(set ?? throw new FormatException($"invalid character class range: `[:{name}:]`"));
                    _at = end + 2;
                }
                else if (pattern[_at] == '[')
                {
                    _into.Append(@"\[");
                    _at++;
                }
                else
                {
                    Keep();
                }
            }

            if (_at == pattern.Length)
            {
                throw new FormatException($"missing closing ]: `{pattern[start..]}`");
            }

            Keep();
        }

        private void Escape(bool inClass)
        {
            if (++_at == pattern.Length)
            {
                throw new FormatException("trailing backslash at end of expression: ``");
            }

            var c = pattern[_at++];
            if (s_perl.TryGetValue(c, out var set))
            {
                _into.Append(inClass ? set : $"[{set}]");
            }
            else if (!char.IsAsciiLetterOrDigit(c))
            {
                Literal(c);
            }
            else
            {
                switch (c)
                {
                    case 'a' or 'f' or 't' or 'n' or 'r' or 'v':
                        _into.Append('\\').Append(c);
                        break;
                    case 'A' or 'b' or 'B' or 'z' when !inClass:
                        _into.Append('\\').Append(c);
                        break;
                    case 'p' or 'P':
                        Property(c);
                        break;
                    case 'x':
                        Hexadecimal();
                        break;
                    case 'Q' when !inClass:
                        var end = pattern.IndexOf(@"\E", _at, StringComparison.Ordinal);
                        _into.Append(Regex.Escape(end < 0 ? pattern[_at..] : pattern[_at..end]));
                        _at = end < 0 ? pattern.Length : end + 2;
                        break;
                    case >= '0' and <= '7' when c == '0' || (_at < pattern.Length && pattern[_at] is >= '0' and <= '7'):
                        var code = c - '0';
                        for (var digits = 1; digits < 3 && _at < pattern.Length && pattern[_at] is >= '0' and <= '7'; digits++)
                        {
                            code = (code * 8) + pattern[_at++] - '0';
                        }

                        Literal((char)code);
                        break;
                    default:
                        throw new FormatException($@"invalid escape sequence: `\{c}`");
                }
            }
        }

        private void Property(char c)
        {
            var name = _at < pattern.Length && pattern[_at] == '{' && pattern.IndexOf('}', _at) is var end and > 0 ? pattern[(_at + 1)..end] : null;
            _at += name is null ? 1 : name.Length + 2;
            name ??= _at <= pattern.Length ? pattern[(_at - 1).._at] : throw new FormatException($@"invalid character class range: `\{c}`");
            if (name.StartsWith('^'))
            {
                (name, c) = (name[1..], c == 'p' ? 'P' : 'p');
            }

            _into.Append('\\').Append(c).Append('{').Append(name is "Latin" or "Greek" or "Cyrillic" or "Hebrew" or "Arabic" or "Thai" ? ScriptOf(name) : name).Append('}');
        }

        // .NET names blocks, which are close to scripts.
        private static string ScriptOf(string name) => name switch { "Latin" => "IsBasicLatin", "Greek" => "IsGreek", _ => "Is" + name };

        private void Hexadecimal()
        {
            var text = _at < pattern.Length && pattern[_at] == '{' && pattern.IndexOf('}', _at) is var end and > 0 ? pattern[(_at + 1)..end] : null;
            _at += text is null ? 2 : text.Length + 2;
            text ??= _at <= pattern.Length ? pattern[(_at - 2).._at] : "";
            if (!int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || code is < 0 or > 0x10FFFF)
            {
                throw new FormatException($@"invalid escape sequence: `\x{text}`");
            }

            if (code <= char.MaxValue)
            {
                Literal((char)code);
            }
            else
            {
                _into.Append("(?:").Append(char.ConvertFromUtf32(code)).Append(')');
            }
        }

        private void Literal(char c) => _into.Append(@"\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
    }
}
