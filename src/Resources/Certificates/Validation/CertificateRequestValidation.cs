using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Certificates.Validation;

/// <summary>What a CertificateSigningRequest may ask for, and what may be said to it.</summary>
/// <remarks>Upstream's pkg/apis/certificates/validation.</remarks>
internal static class CertificateRequestValidation
{
    private const int MinimumSeconds = 600;

    private static readonly string[] s_approvals = ["Approved", "Denied", "Failed"];
    private static readonly string[] s_states = ["False", "True", "Unknown"];
    private static readonly string[] s_true = ["True"];

    private static readonly string[] s_usages =
    [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection",
        "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth",
        "signing", "timestamping",
    ];

    public static FieldErrors Validate(CertificateSigningRequest value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        if (RequestProblem(spec.Request) is { } problem)
        {
            errors.Invalid("spec.request", Convert.ToBase64String(spec.Request), problem);
        }

        Usages(errors, spec.Usages ?? []);
        if (spec.SignerName == "kubernetes.io/legacy-unknown")
        {
            errors.Invalid("spec.signerName", spec.SignerName, "the legacy signerName is not allowed via this API version");
        }
        else
        {
            SignerName(errors, spec.SignerName);
        }

        if (spec.ExpirationSeconds < MinimumSeconds)
        {
            errors.Invalid("spec.expirationSeconds", FieldErrors.Text(spec.ExpirationSeconds.Value), "may not specify a duration less than 600 seconds (10 minutes)");
        }

        return errors;
    }

    /// <summary>Conditions once set stay; so does a certificate once issued.</summary>
    public static FieldErrors StatusUpdate(CertificateSigningRequest value, CertificateSigningRequest stored)
    {
        var errors = new FieldErrors();
        Conditions(errors, value.Status.Conditions ?? []);
        if (value.Status.Certificate is { Length: > 0 } certificate && CertificateProblem(certificate) is { } problem)
        {
            errors.Invalid("status.certificate", "<certificate data>", problem);
        }

        foreach (var type in s_approvals)
        {
            if (Count(value, type) < Count(stored, type))
            {
                errors.Forbidden("status.conditions", $"updates may not remove a condition of type \"{type}\"");
            }
        }

        if (stored.Status.Certificate is { Length: > 0 } issued && !issued.AsSpan().SequenceEqual(value.Status.Certificate))
        {
            errors.Forbidden("status.certificate", "updates may not modify existing certificate content");
        }

        return errors;
    }

    private static int Count(CertificateSigningRequest value, string type) => (value.Status.Conditions ?? []).Count(condition => condition.Type == type);

    private static void Usages(FieldErrors errors, IReadOnlyList<string> usages)
    {
        if (usages.Count == 0)
        {
            errors.Required("spec.usages");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, usage) in usages.Index())
        {
            if (!s_usages.Contains(usage))
            {
                errors.Add(FieldError.NotSupported($"spec.usages[{at}]", usage, s_usages));
            }

            if (!seen.Add(usage))
            {
                errors.Duplicate($"spec.usages[{at}]", usage);
            }
        }
    }

    private static void SignerName(FieldErrors errors, string name)
    {
        const string Path = "spec.signerName";
        if (name.Length == 0)
        {
            errors.Required(Path);
            return;
        }

        var segments = name.Split('/');
        if (segments.Length != 2)
        {
            errors.Invalid(Path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            return;
        }

        if (segments[0].Length > Names.SubdomainLength)
        {
            errors.Add(FieldError.TooLong(Path, Names.SubdomainLength));
        }

        var labels = segments[0].Split('.');
        foreach (var label in labels)
        {
            errors.Invalid(Path, segments[0], Names.IsDnsLabel(label).Select(problem => $"validating label \"{label}\": {problem}"));
        }

        if (labels.Length < 2)
        {
            errors.Invalid(Path, segments[0], "should be a domain with at least two segments separated by dots");
        }

        foreach (var label in segments[1].Split('.'))
        {
            errors.Invalid(Path, segments[1], Names.IsDnsSubdomain(label).Select(problem => $"validating label \"{label}\": {problem}"));
        }

        const int MaximumPath = Names.SubdomainLength + Names.LabelLength + 1; // a namespace, a dot and a name
        if (segments[1].Length > MaximumPath)
        {
            errors.Add(FieldError.TooLong(Path, MaximumPath));
        }
    }

    private static void Conditions(FieldErrors errors, IReadOnlyList<CertificateSigningRequestCondition> conditions)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (at, condition) in conditions.Index())
        {
            var path = $"status.conditions[{at}]";
            if (condition.Type.Length == 0)
            {
                errors.Required($"{path}.type");
            }

            var allowed = s_approvals.Contains(condition.Type) ? s_true : s_states;
            if (condition.Status.Length == 0)
            {
                errors.Required($"{path}.status");
            }
            else if (!allowed.Contains(condition.Status))
            {
                errors.Add(FieldError.NotSupported($"{path}.status", condition.Status, allowed));
            }

            if ((condition.Type == "Approved" && seen.Contains("Denied")) || (condition.Type == "Denied" && seen.Contains("Approved")))
            {
                errors.Invalid($"{path}.type", condition.Type, "Approved and Denied conditions are mutually exclusive");
            }

            if (!seen.Add(condition.Type))
            {
                errors.Duplicate($"{path}.type", condition.Type);
            }
        }
    }

    private static string? RequestProblem(byte[] request)
    {
        var text = Encoding.ASCII.GetString(request);
        if (!PemEncoding.TryFind(text, out var found) || !text.AsSpan()[found.Label].SequenceEqual("CERTIFICATE REQUEST"))
        {
            return "PEM block type must be CERTIFICATE REQUEST";
        }

        try
        {
            // Checks the signature too: who asks holds the key.
            CertificateRequest.LoadSigningRequestPem(text, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
            return null;
        }
        catch (NotSupportedException)
        {
            return null; // A key of an algorithm that this platform cannot check: the signer will say so.
        }
        catch (CryptographicException broken)
        {
            return broken.Message;
        }
    }

    private static string? CertificateProblem(byte[] certificate)
    {
        ReadOnlySpan<char> rest = Encoding.ASCII.GetString(certificate);
        var blocks = 0;
        while (PemEncoding.TryFind(rest, out var found))
        {
            if (!rest[found.Label].SequenceEqual("CERTIFICATE"))
            {
                return $"only CERTIFICATE PEM blocks are allowed, found \"{rest[found.Label]}\"";
            }

            try
            {
                using var read = X509Certificate2.CreateFromPem(rest[found.Location]);
            }
            catch (CryptographicException broken)
            {
                return broken.Message;
            }

            blocks++;
            rest = rest[found.Location.End..];
        }

        return blocks == 0 ? "must contain one or more PEM blocks" : null;
    }
}
