using System.Globalization;
using KubeAspire.Resources.Batch;

namespace KubeAspire.Resources.Tests.Batch;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("* * * * *", "2026-11-21T12:00:30Z", "2026-11-21T12:01:00Z")]
    [InlineData("*/15 * * * *", "2026-11-21T12:45:00Z", "2026-11-21T13:00:00Z")]
    [InlineData("5,35 9-17 * * mon-fri", "2026-11-20T17:40:00Z", "2026-11-23T09:05:00Z")]
    [InlineData("0 0 29 2 *", "2026-11-21T12:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("0 0 13 * fri", "2026-11-21T12:00:00Z", "2026-11-27T00:00:00Z")]
    [InlineData("@monthly", "2026-11-21T12:00:00Z", "2026-12-01T00:00:00Z")]
    [InlineData("@every 1h30m", "2026-11-21T12:00:00Z", "2026-11-21T13:30:00Z")]
    [InlineData("0 12 ? JAN *", "2026-11-21T12:00:00Z", "2027-01-01T12:00:00Z")]
    public void Next_IsTheFirstMomentAfter(string text, string after, string expected) => Assert.Equal(At(expected), Next(text, after, "UTC"));

    [Theory]
    [InlineData("30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z")] // The clock skips 02:30 on the 29th.
    [InlineData("0 9 * * *", "2026-03-28T12:00:00Z", "2026-03-29T07:00:00Z")]
    [InlineData("0 9 * * *", "2026-10-24T12:00:00Z", "2026-10-25T08:00:00Z")]
    public void Next_GoesByTheClockOfItsZone(string text, string after, string expected) => Assert.Equal(At(expected), Next(text, after, "Europe/Berlin"));

    [Fact]
    public void ADayThatNeverComes_IsNever() => Assert.Null(Next("0 0 30 2 *", "2026-11-21T12:00:00Z", "UTC"));

    [Theory]
    [InlineData("* * * *", "expected exactly 5 fields, found 4: [* * * *]")]
    [InlineData("60 * * * *", "end of range (60) above maximum (59): 60")]
    [InlineData("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [InlineData("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1")]
    [InlineData("*/0 * * * *", "step of range should be a positive number: */0")]
    [InlineData("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax")]
    [InlineData("@sometimes", "unrecognized descriptor: @sometimes")]
    [InlineData("@every soon", "failed to parse duration @every soon: time: invalid duration \"soon\"")]
    public void ABrokenSchedule_IsToldWhy(string text, string expected)
    {
        Assert.False(CronSchedule.TryParse(text, out _, out var problem));
        Assert.Equal(expected, problem);
    }

    [Theory]
    [InlineData("0-2,4,6,7", "0-2,4,6,7")]
    [InlineData("", "")]
    [InlineData("3", "3")]
    public void Indexes_ReadAndWrite(string text, string expected) => Assert.Equal(expected, IndexSet.Parse(text, 8).ToString());

    [Theory]
    [InlineData("3,1")]
    [InlineData("1-a")]
    [InlineData("9")]
    public void BrokenIndexes_AreRefused(string text) => Assert.False(IndexSet.TryParse(text, 8, out _, out _));

    private static DateTimeOffset? Next(string text, string after, string zone)
    {
        Assert.True(CronSchedule.TryParse(text, out var schedule, out var problem), problem);
        return schedule!.Next(At(after), TimeZoneInfo.FindSystemTimeZoneById(zone));
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
