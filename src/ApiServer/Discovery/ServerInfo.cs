using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiServer.Requests;

namespace KubeAspire.ApiServer.Discovery;

/// <summary><c>/version</c> and the health endpoints.</summary>
public sealed class ServerInfo
{
    /// <summary>The version that is served.</summary>
    public const string GitVersion = "v1.36.0+kubeaspire";

    private readonly List<(string Name, Func<bool> IsWell)> _checks = [("ping", () => true)];

    /// <summary>Adds a check to <c>/readyz</c> and <c>/healthz</c>. Before the first request only.</summary>
    public void AddCheck(string name, Func<bool> isWell) => _checks.Add((name, isWell));

    /// <summary>Answers <c>/version</c>.</summary>
    public static ApiAnswer Version()
    {
        var body = new JsonObject
        {
            ["major"] = "1",
            ["minor"] = "36",
            ["gitVersion"] = GitVersion,
            ["gitCommit"] = "",
            ["gitTreeState"] = "clean",
            ["buildDate"] = "1970-01-01T00:00:00Z",
            ["goVersion"] = RuntimeInformation.FrameworkDescription,
            ["compiler"] = "roslyn",
            ["platform"] = $"linux/{RuntimeInformation.ProcessArchitecture switch { Architecture.Arm64 => "arm64", _ => "amd64" }}",
        };
        return new RawAnswer(Encoding.UTF8.GetBytes(body.ToJsonString()), "application/json");
    }

    /// <summary>Answers <c>/livez</c>, <c>/readyz</c> and <c>/healthz</c>, whole, verbose, or one check of it.</summary>
    public ApiAnswer Health(ApiRequest request)
    {
        var segments = request.Info.Segments;
        var name = segments[0];
        IEnumerable<(string Name, Func<bool> IsWell)> checks = name == "livez" ? _checks.Take(1) : _checks;
        if (segments.Count > 1)
        {
            checks = checks.Where(check => check.Name == string.Join('/', segments.Skip(1)));
            if (!checks.Any())
            {
                return ApiErrors.PathNotFound();
            }
        }

        var excluded = request.Query.All("exclude");
        var results = checks.Where(check => !excluded.Contains(check.Name)).Select(check => (check.Name, Well: check.IsWell())).ToList();
        var well = results.All(result => result.Well);
        if (well && !request.Query.Has("verbose"))
        {
            return Text("ok", 200);
        }

        var text = string.Concat(results.Select(result => result.Well ? $"[+]{result.Name} ok\n" : $"[-]{result.Name} failed: reason withheld\n"));
        return Text(text + $"{name} check {(well ? "passed" : "failed")}\n", well ? 200 : 500);
    }

    private static RawAnswer Text(string text, int code) => new(Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8", code);
}
