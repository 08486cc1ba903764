using KubeAspire.NodeAgent.Networking;

namespace KubeAspire.NodeAgent.Tests.Networking;

public sealed class AddressPoolTests
{
    [Fact]
    public void Take_GivesEachOwnerOne_AndTheSameAgain()
    {
        var pool = new AddressPool("10.244.1.0/24");
        Assert.Equal("10.244.1.1", pool.Take("a"));
        Assert.Equal("10.244.1.2", pool.Take("b"));
        Assert.Equal("10.244.1.1", pool.Take("a"));
    }

    [Fact]
    public void Release_PutsAnAddressAtTheEnd()
    {
        var pool = new AddressPool("10.244.1.0/29");
        Assert.Equal(6, pool.Free);
        var first = pool.Take("a");
        pool.Release("a");
        Assert.DoesNotContain(first, Enumerable.Range(0, 5).Select(owner => pool.Take($"o{owner}")));
        Assert.Equal(first, pool.Take("last"));
        Assert.Null(pool.Take("too many"));
    }

    [Fact]
    public void Claim_KeepsAnAddressFromOthers_AndGatewayIsNobodys()
    {
        var pool = new AddressPool("10.244.0.0/29", "10.244.0.1");
        Assert.True(pool.Claim("10.244.0.2", "adopted"));
        Assert.True(pool.Claim("10.244.0.2", "adopted"));
        Assert.False(pool.Claim("10.244.0.2", "thief"));
        Assert.Equal("10.244.0.3", pool.Take("a"));
        Assert.Equal("10.244.0.2", pool.Take("adopted"));
    }

    [Fact]
    public void ThousandsOfTakesAndReleases_LoseNothing()
    {
        var pool = new AddressPool("10.244.3.0/26");
        var random = new Random(7);
        var live = new Dictionary<string, string>();
        for (var i = 0; i < 5000; i++)
        {
            if (live.Count > 0 && random.Next(2) == 0)
            {
                var owner = live.Keys.ElementAt(random.Next(live.Count));
                pool.Release(owner);
                live.Remove(owner);
            }
            else if (pool.Take($"p{i}") is { } address)
            {
                Assert.DoesNotContain(address, live.Values);
                live[$"p{i}"] = address;
            }
        }

        foreach (var owner in live.Keys)
        {
            pool.Release(owner);
        }

        Assert.Equal(62, pool.Free);
    }

    [Theory]
    [InlineData("10.0.0.0/8")]
    [InlineData("10.0.0.0/31")]
    [InlineData("fd00::/64")]
    public void UnusableRange_IsRefused(string cidr) => Assert.Throws<ArgumentException>(() => new AddressPool(cidr));
}
