using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace KubeAspire.EndToEnd.Harness;

/// <summary>Takes the certificates out of a kubeconfig.</summary>
internal static partial class Kubeconfigs
{
    public static (X509Certificate2 Authority, X509Certificate2 Certificate) Read(string path)
    {
        var text = File.ReadAllText(path);
        return (
            X509Certificate2.CreateFromPem(Data(text, "certificate-authority-data")),
            X509Certificate2.CreateFromPem(Data(text, "client-certificate-data"), Data(text, "client-key-data")));
    }

    private static string Data(string text, string field)
    {
        var match = Regex.Match(text, $"{field}: *\"?([A-Za-z0-9+/=]+)\"?");
        Assert.True(match.Success, $"the kubeconfig has no {field}");
        return Encoding.ASCII.GetString(Convert.FromBase64String(match.Groups[1].Value));
    }
}
