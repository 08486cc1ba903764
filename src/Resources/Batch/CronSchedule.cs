using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiMachinery.Quantities;
using KubeAspire.Resources.Core.Validation;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Batch;

/// <summary>
/// A schedule in cron's five fields (minute, hour, day of month, month, day of week), or one of <c>@hourly</c>, <c>@daily</c>,
/// <c>@midnight</c>, <c>@weekly</c>, <c>@monthly</c>, <c>@yearly</c>, <c>@annually</c>, <c>@every 1h30m</c>.
/// </summary>
/// <remarks>The grammar of crontab(5), as the library that upstream uses reads it: <c>*</c> and <c>?</c>, lists, ranges, steps, names of months and days.</remarks>
public sealed class CronSchedule
{
    private const int HorizonYears = 5; // A schedule that does not come round within these, such as 30 February, never does.

    private static readonly System.Buffers.SearchValues<char> s_number = System.Buffers.SearchValues.Create("0123456789.");
    private static readonly string[] s_months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] s_days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private readonly ulong _minutes, _hours, _days, _months, _weekdays;
    private readonly bool _anyDay, _anyWeekday;
    private readonly TimeSpan? _every;

    private CronSchedule(TimeSpan every) => _every = every;

    private CronSchedule(ulong[] fields, bool anyDay, bool anyWeekday)
    {
        (_minutes, _hours, _days, _months, _weekdays) = (fields[0], fields[1], fields[2], fields[3], fields[4]);
        (_anyDay, _anyWeekday) = (anyDay, anyWeekday);
    }

    /// <summary>Reads a schedule.</summary>
    public static bool TryParse(string text, out CronSchedule? schedule, out string problem)
    {
        schedule = null;
        problem = "";
        var expanded = text switch
        {
            "@yearly" or "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" or "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => text,
        };
        if (expanded.StartsWith("@every ", StringComparison.Ordinal))
        {
            return TryEvery(expanded["@every ".Length..], text, out schedule, out problem);
        }

        if (expanded.StartsWith('@'))
        {
            problem = $"unrecognized descriptor: {text}";
            return false;
        }

        var words = expanded.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 5)
        {
            problem = $"expected exactly 5 fields, found {words.Length}: [{string.Join(' ', words)}]";
            return false;
        }

        (int Least, int Most, string[]? Names)[] bounds = [(0, 59, null), (0, 23, null), (1, 31, null), (1, 12, s_months), (0, 6, s_days)];
        var fields = new ulong[5];
        for (var i = 0; i < 5; i++)
        {
            foreach (var part in words[i].Split(','))
            {
                if (!TryPart(part, bounds[i].Least, bounds[i].Most, bounds[i].Names, out var bits, out problem))
                {
                    return false;
                }

                fields[i] |= bits;
            }
        }

        schedule = new CronSchedule(fields, IsAny(words[2]), IsAny(words[4]));
        return true;
    }

    /// <summary>The first moment after another at which the schedule comes round; null where it never does. Whole minutes (for <c>@every</c>: seconds).</summary>
    /// <param name="after">The moment before.</param>
    /// <param name="zone">The time zone in which the fields are meant.</param>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        if (_every is { } every)
        {
            var from = after + every;
            return from.AddTicks(-(from.Ticks % TimeSpan.TicksPerSecond));
        }

        var local = TimeZoneInfo.ConvertTime(after, zone).DateTime;
        var at = new DateTime(local.Year, local.Month, local.Day, local.Hour, local.Minute, 0, DateTimeKind.Unspecified).AddMinutes(1);
        var last = at.AddYears(HorizonYears);
        while (at < last)
        {
            if (!Has(_months, at.Month))
            {
                at = new DateTime(at.Year, at.Month, 1, 0, 0, 0, DateTimeKind.Unspecified).AddMonths(1);
            }
            else if (!IsDay(at))
            {
                at = at.Date.AddDays(1);
            }
            else if (!Has(_hours, at.Hour))
            {
                at = at.Date.AddHours(at.Hour + 1);
            }
            else if (!Has(_minutes, at.Minute))
            {
                at = at.AddMinutes(1);
            }
            else if (zone.IsInvalidTime(at) || Moment(at, zone) <= after)
            {
                at = at.AddMinutes(1); // The clock was put forward past it, or back before it.
            }
            else
            {
                return Moment(at, zone);
            }
        }

        return null;
    }

    private static DateTimeOffset Moment(DateTime local, TimeZoneInfo zone) => new DateTimeOffset(local, zone.GetUtcOffset(local)).ToUniversalTime();

    // As crontab(5): where both are restricted, either will do.
    private bool IsDay(DateTime at)
    {
        var (day, weekday) = (Has(_days, at.Day), Has(_weekdays, (int)at.DayOfWeek));
        return _anyDay || _anyWeekday ? day && weekday : day || weekday;
    }

    private static bool Has(ulong bits, int value) => (bits >> value & 1) != 0;

    private static bool IsAny(string field) => field.Split(',').Any(part => part.Split('/')[0] is "*" or "?" && !(part.Contains('/') && !part.EndsWith("/1", StringComparison.Ordinal)));

    private static bool TryPart(string part, int least, int most, string[]? names, out ulong bits, out string problem)
    {
        bits = 0;
        problem = "";
        var pieces = part.Split('/');
        var range = pieces[0].Split('-');
        if (pieces.Length > 2)
        {
            problem = $"too many slashes: {part}";
            return false;
        }

        if (range.Length > 2)
        {
            problem = $"too many hyphens: {part}";
            return false;
        }

        var (first, last, step) = (least, most, 1);
        if (pieces[0] is not ("*" or "?"))
        {
            if (!TryValue(range[0], names, out first, out problem) || (range.Length == 2 && !TryValue(range[1], names, out last, out problem)))
            {
                return false;
            }

            last = range.Length == 2 ? last : pieces.Length == 2 ? most : first;
        }

        if (pieces.Length == 2 && !TryValue(pieces[1], null, out step, out problem))
        {
            return false;
        }

        problem = first < least ? $"beginning of range ({first}) below minimum ({least}): {part}"
            : last > most ? $"end of range ({last}) above maximum ({most}): {part}"
            : first > last ? $"beginning of range ({first}) beyond end of range ({last}): {part}"
            : step == 0 ? $"step of range should be a positive number: {part}" : "";
        for (var value = first; problem.Length == 0 && value <= last; value += step)
        {
            bits |= 1UL << value;
        }

        return problem.Length == 0;
    }

    private static bool TryValue(string text, string[]? names, out int value, out string problem)
    {
        const int Largest = 1000; // Far above every bound, far below what would overflow in a step.
        problem = "";
        var named = names is null ? -1 : Array.IndexOf(names, text.ToLowerInvariant());
        if (named >= 0)
        {
            value = named + (names == s_months ? 1 : 0);
            return true;
        }

        if (int.TryParse(text, System.Globalization.NumberStyles.None, null, out value))
        {
            value = Math.Min(value, Largest);
            return true;
        }

        problem = text.StartsWith('-') ? $"negative number ({text}) not allowed: {text}" : $"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax";
        return false;
    }

    private static bool TryEvery(string duration, string text, out CronSchedule? schedule, out string problem)
    {
        var total = 0.0;
        var rest = duration.AsSpan();
        schedule = null;
        problem = $"failed to parse duration {text}: time: invalid duration \"{duration}\"";
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(s_number);
            if (digits <= 0 || !double.TryParse(rest[..digits], System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var amount))
            {
                return false;
            }

            rest = rest[digits..];
            var letters = rest.IndexOfAny(s_number);
            var unit = rest[..(letters < 0 ? rest.Length : letters)];
            var seconds = unit switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 0.001, _ => 0 };
            if (seconds == 0)
            {
                return false;
            }

            total += amount * seconds;
            rest = rest[unit.Length..];
        }

        if (duration.Length == 0 || total > TimeSpan.FromDays(366 * HorizonYears).TotalSeconds)
        {
            return false;
        }

        problem = "";
        schedule = new CronSchedule(TimeSpan.FromSeconds(Math.Max(1, Math.Floor(total))));
        return true;
    }
}
