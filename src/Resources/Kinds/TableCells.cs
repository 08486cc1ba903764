namespace KubeAspire.Resources.Kinds;

/// <summary>Cells that many kinds share.</summary>
public static class TableCells
{
    /// <summary>A time ago as kubectl shows it: <c>45s</c>, <c>3m12s</c>, <c>5h</c>, <c>2d</c>; <c>&lt;unknown&gt;</c> for none.</summary>
    public static string Age(DateTimeOffset? since, DateTimeOffset now) => since is { } instant ? HumanDuration(now - instant) : "<unknown>";

    /// <summary>A duration in at most two units.</summary>
    /// <remarks>Upstream's <c>duration.HumanDuration</c> in k8s.io/apimachinery pkg/util/duration.</remarks>
    public static string HumanDuration(TimeSpan duration)
    {
        var seconds = (long)duration.TotalSeconds;
        if (seconds < -1)
        {
            return "<invalid>";
        }

        if (seconds < 0)
        {
            return "0s";
        }

        if (seconds < 120)
        {
            return $"{seconds}s";
        }

        var minutes = seconds / 60;
        if (minutes < 10)
        {
            var rest = seconds % 60;
            return rest == 0 ? $"{minutes}m" : $"{minutes}m{rest}s";
        }

        if (minutes < 180)
        {
            return $"{minutes}m";
        }

        var hours = minutes / 60;
        if (hours < 8)
        {
            var rest = minutes % 60;
            return rest == 0 ? $"{hours}h" : $"{hours}h{rest}m";
        }

        if (hours < 48)
        {
            return $"{hours}h";
        }

        if (hours < 192)
        {
            var rest = hours % 24;
            return rest == 0 ? $"{hours / 24}d" : $"{hours / 24}d{rest}h";
        }

        if (hours < 24 * 365 * 2)
        {
            return $"{hours / 24}d";
        }

        var years = hours / 24 / 365;
        var days = hours / 24 % 365;
        return hours < 24 * 365 * 8 && days != 0 ? $"{years}y{days}d" : $"{years}y";
    }
}
