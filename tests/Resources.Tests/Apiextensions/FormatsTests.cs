using KubeAspire.Resources.Apiextensions;

namespace KubeAspire.Resources.Tests.Apiextensions;

public sealed class FormatsTests
{
    [Theory]
    [InlineData("date-time", "2026-11-21T04:00:00Z 2026-11-21t04:00:00.123+01:00 2026-11-21T23:59:59z", "2026-11-21 2026-11-21T24:00:00Z 2026-02-30T00:00:00Z 2026-11-21T04:00 x")]
    [InlineData("date", "2026-11-21", "2026-13-01 2026-1-1 21.11.2026")]
    [InlineData("duration", "1h30m 1.5s -2ms 0 22ns 2days 3w 1µs", "1x hour 5 -")]
    [InlineData("ipv4", "10.0.0.1 255.255.255.255", "10.0.0 10.0.0.256 10.0.0.01 ::1 1")]
    [InlineData("ipv6", "::1 2001:db8::1 ::ffff:10.0.0.1", "10.0.0.1 ::g [::1] fe80::1%eth0")]
    [InlineData("cidr", "10.0.0.0/8 2001:db8::/32", "10.0.0.0 10.0.0.0/33 ::/129 10.0.0.0/08 x/8")]
    [InlineData("mac", "00:00:5e:00:53:01 02-00-5e-10-00-00-00-01 0000.5e00.5301", "00:00:5e:00:53 00:00:5e:00:53:zz 000:05e00:5301")]
    [InlineData("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8 6BA7B8109DAD11D180B400C04FD430C8", "6ba7b810 6ba7b810-9dad-11d1-80b4-00c04fd430cg")]
    [InlineData("uuid4", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "6ba7b810-9dad-11d1-80b4-00c04fd430c8 f47ac10b-58cc-4372-c567-0e02b2c3d479")]
    [InlineData("uuid3", "6fa459ea-ee8a-3ca4-894e-db77e160355e", "f47ac10b-58cc-4372-a567-0e02b2c3d479")]
    [InlineData("uuid5", "886313e1-3b8a-5372-9b90-0c9aee199e5d", "6fa459ea-ee8a-3ca4-894e-db77e160355e")]
    [InlineData("email", "someone@example.com", "someone example.com @x")]
    [InlineData("uri", "https://example.com/a?b#c http://u:p@host:80 /path mailto:a@b urn:a:b http://[::1]:80/", "example.com https://a%zz 1http://x //%")]
    [InlineData("hostname", "example.com a a-b.c", "-a a- a..b a_b")]
    [InlineData("byte", "aGVsbG8= YQ== YWJj", "a aGVsbG8 *** YQ=")]
    [InlineData("hexcolor", "#fff 00FF00", "#ffff green")]
    [InlineData("rgbcolor", "rgb(0,128,255)", "rgb(0,128,256) rgb(1,2)")]
    [InlineData("isbn10", "0321751043 0-8044-2957-X", "0321751044")]
    [InlineData("isbn13", "978-0321751041", "978-0321751042")]
    [InlineData("isbn", "0321751043 978-0321751041", "1")]
    [InlineData("creditcard", "4111111111111111 5555-5555-5555-4444", "4111111111111112 1")]
    [InlineData("ssn", "111-22-3333 111223333", "111-222-3333")]
    [InlineData("bsonobjectid", "507f1f77bcf86cd799439011", "507f1f77bcf86cd79943901")]
    [InlineData("quantity", "10Gi 500m 1e3", "10GG ten")]
    [InlineData("k8s-short-name", "abc-1", "abc.1 ABC -a")]
    [InlineData("k8s-long-name", "abc.d-1", "Abc a..b")]
    [InlineData("password", "anything at all", "")]
    public void Format_TakesWhatItNames(string format, string good, string bad)
    {
        var check = Formats.Find(format)!;

        Assert.All(good.Split(' '), text => Assert.True(check(text), text));
        Assert.All(bad.Split(' ', StringSplitOptions.RemoveEmptyEntries), text => Assert.False(check(text), text));
    }

    [Theory]
    [InlineData("int32")]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("foo")]
    public void OtherFormat_SaysNothing(string? format) => Assert.Null(Formats.Find(format));
}
