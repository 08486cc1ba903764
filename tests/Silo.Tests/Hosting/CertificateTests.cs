using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace KubeAspire.Silo.Tests.Hosting;

/// <summary>A person or a node asks for a certificate, somebody approves, the cluster signs, and the certificate opens the door.</summary>
public sealed class CertificateTests(SiloFixture silo) : IClassFixture<SiloFixture>
{
    private const string Rbac = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\n";

    [Fact]
    public async Task AnApprovedRequest_BecomesACertificate_ThatIsItsUser()
    {
        await silo.RequireKubectlAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await AskAsync("jane", "O=dev, CN=jane", key, "kubernetes.io/kube-apiserver-client", "client auth");
        Assert.Contains("Pending", (await OkAsync("get csr jane")).Trim(), StringComparison.Ordinal);
        Assert.Contains("approved", await OkAsync("certificate approve jane"), StringComparison.Ordinal);
        var pem = await CertificateOfAsync("jane");
        Assert.Contains("Approved,Issued", await OkAsync("get csr jane"), StringComparison.Ordinal);

        await File.WriteAllTextAsync(Path.Combine(silo.Folder, "jane.crt"), pem);
        await File.WriteAllTextAsync(Path.Combine(silo.Folder, "jane.key"), key.ExportPkcs8PrivateKeyPem());
        File.Copy(Path.Combine(silo.Folder, "kubeconfig"), Path.Combine(silo.Folder, "jane.kubeconfig"), overwrite: true);
        await silo.RunAsync($"config set-credentials jane --client-certificate={silo.Folder}/jane.crt --client-key={silo.Folder}/jane.key", "jane.kubeconfig");
        await silo.RunAsync("config set-context --current --user=jane", "jane.kubeconfig");
        var who = await silo.RunAsync("auth whoami", "jane.kubeconfig");
        Assert.Contains("jane", who.Text, StringComparison.Ordinal);
        Assert.Contains("dev", who.Text, StringComparison.Ordinal);
        Assert.Contains("User \"jane\" cannot list resource \"pods\"", (await silo.RunAsync("get pods", "jane.kubeconfig")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADeniedRequest_IsNotSigned_AndNobodyBecomesAMaster()
    {
        await silo.RequireKubectlAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await AskAsync("mallory", "CN=mallory", key, "kubernetes.io/kube-apiserver-client", "client auth");
        Assert.Contains("denied", await OkAsync("certificate deny mallory"), StringComparison.Ordinal);
        Assert.Contains("Denied", await OkAsync("get csr mallory"), StringComparison.Ordinal);
        var master = await ApplyAsync(Request("master", "O=system:masters, CN=me", key, "kubernetes.io/kube-apiserver-client", "client auth"));
        Assert.Contains("use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed", master.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ANode_GetsItsCertificate_WithNobodyAsked()
    {
        await silo.RequireKubectlAsync();
        using var key = RSA.Create(2048);
        var secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: bootstrap-token-abcdef, namespace: kube-system}\ntype: bootstrap.kubernetes.io/token\n"
            + "stringData: {token-id: abcdef, token-secret: 0123456789abcdef, usage-bootstrap-authentication: \"true\"}\n";
        Assert.Equal(0, (await ApplyAsync(secret)).Code);
        foreach (var (name, role) in ((string, string)[])[("join", "system:node-bootstrapper"), ("first", "system:certificates.k8s.io:certificatesigningrequests:nodeclient")])
        {
            var binding = $"{Rbac}metadata: {{name: {name}}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: \"{role}\"}}\n"
                + "subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: \"system:bootstrappers\"}]\n";
            Assert.Equal(0, (await ApplyAsync(binding)).Code);
        }

        var request = Request("node-9", "O=system:nodes, CN=system:node:node-9", key, "kubernetes.io/kube-apiserver-client-kubelet", "client auth", "digital signature");
        var file = Path.Combine(silo.Folder, "node-9.yaml");
        await File.WriteAllTextAsync(file, request);
        File.Copy(Path.Combine(silo.Folder, "kubeconfig"), Path.Combine(silo.Folder, "join.kubeconfig"), overwrite: true);
        await silo.RunAsync("config set-credentials joining --token=abcdef.0123456789abcdef", "join.kubeconfig");
        await silo.RunAsync("config set-context --current --user=joining", "join.kubeconfig");
        var asked = await silo.RunAsync($"create -f {file}", "join.kubeconfig");
        Assert.True(asked.Code == 0, asked.Text);
        Assert.Equal("system:bootstrap:abcdef", await OkAsync("get csr node-9 -o jsonpath={.spec.username}"));
        var pem = await CertificateOfAsync("node-9");
        using var certificate = X509Certificate2.CreateFromPem(pem);
        Assert.Equal("O=system:nodes, CN=system:node:node-9", string.Join(", ", certificate.Subject.Split(", ").OrderByDescending(part => part, StringComparer.Ordinal)));
    }

    private async Task AskAsync(string name, string subject, AsymmetricAlgorithm key, string signer, params string[] usages)
    {
        var answer = await ApplyAsync(Request(name, subject, key, signer, usages));
        Assert.True(answer.Code == 0, answer.Text);
    }

    private static string Request(string name, string subject, AsymmetricAlgorithm key, string signer, params string[] usages)
    {
        var asked = key is ECDsa curve
            ? new CertificateRequest(subject, curve, HashAlgorithmName.SHA256) : new CertificateRequest(subject, (RSA)key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var pem = Convert.ToBase64String(Encoding.ASCII.GetBytes(asked.CreateSigningRequestPem()));
        return $"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {{name: {name}}}\n"
            + $"spec: {{request: {pem}, signerName: {signer}, usages: [{string.Join(", ", usages.Select(usage => $"\"{usage}\""))}]}}\n";
    }

    private async Task<(int Code, string Text)> ApplyAsync(string yaml)
    {
        var file = Path.Combine(silo.Folder, Guid.NewGuid().ToString("N") + ".yaml");
        await File.WriteAllTextAsync(file, yaml);
        return await silo.RunAsync($"create -f {file}");
    }

    private async Task<string> OkAsync(string arguments)
    {
        var (code, text) = await silo.RunAsync(arguments);
        Assert.True(code == 0, $"kubectl {arguments}: {text}");
        return text;
    }

    private async Task<string> CertificateOfAsync(string name)
    {
        var text = await OkAsync($"wait --for=jsonpath={{.status.certificate}} csr/{name} --timeout=30s -o jsonpath={{.status.certificate}}");
        return Encoding.ASCII.GetString(Convert.FromBase64String(text));
    }
}
