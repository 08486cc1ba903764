using System.Text.Json;
using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;
using KubeAspire.Resources.Kinds;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>A Secret: its keys, its size, and what its type asks for.</summary>
internal static class SecretValidation
{
    private const string Redacted = "<secret contents redacted>";
    private const string AccountAnnotation = "kubernetes.io/service-account.name";

    public static FieldErrors Validate(Secret secret)
    {
        var errors = new FieldErrors();
        var data = secret.Data ?? new Dictionary<string, byte[]>();
        foreach (var key in data.Keys)
        {
            errors.Invalid($"data[{key}]", key, Names.IsConfigMapKey(key));
        }

        if (data.Values.Sum(value => (long)value.Length) > ConfigMapKind.MaximumBytes)
        {
            errors.Add(FieldError.TooLong("data", ConfigMapKind.MaximumBytes));
        }

        switch (secret.Type)
        {
            case "kubernetes.io/service-account-token":
                if (string.IsNullOrEmpty(secret.Annotation(AccountAnnotation)))
                {
                    errors.Required($"metadata.annotations[{AccountAnnotation}]");
                }

                break;
            case "kubernetes.io/dockercfg":
                Json(errors, data, ".dockercfg");
                break;
            case "kubernetes.io/dockerconfigjson":
                Json(errors, data, ".dockerconfigjson");
                break;
            case "kubernetes.io/basic-auth":
                if (!data.ContainsKey("username") && !data.ContainsKey("password"))
                {
                    errors.Required("data[username]");
                    errors.Required("data[password]");
                }

                break;
            case "kubernetes.io/ssh-auth":
                if (data.GetValueOrDefault("ssh-privatekey") is not { Length: > 0 })
                {
                    errors.Required("data[ssh-privatekey]");
                }

                break;
            case "kubernetes.io/tls":
                foreach (var key in new[] { "tls.crt", "tls.key" })
                {
                    if (!data.ContainsKey(key))
                    {
                        errors.Required($"data[{key}]");
                    }
                }

                break;
        }

        return errors;
    }

    public static FieldErrors Update(Secret secret, Secret stored)
    {
        var errors = new FieldErrors();
        errors.Unchanged("type", secret.Type, stored.Type);
        if (stored.Immutable != true)
        {
            return errors;
        }

        if (secret.Immutable != true)
        {
            errors.Forbidden("immutable", ConfigMapKind.SetOnce);
        }

        var (data, before) = (secret.Data ?? new Dictionary<string, byte[]>(), stored.Data ?? new Dictionary<string, byte[]>());
        if (data.Count != before.Count || data.Any(pair => before.GetValueOrDefault(pair.Key)?.AsSpan().SequenceEqual(pair.Value) != true))
        {
            errors.Forbidden("data", ConfigMapKind.SetOnce);
        }

        return errors;
    }

    private static void Json(FieldErrors errors, IReadOnlyDictionary<string, byte[]> data, string key)
    {
        if (!data.TryGetValue(key, out var bytes))
        {
            errors.Required($"data[{key}]");
            return;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                errors.Invalid($"data[{key}]", Redacted, $"json: cannot unmarshal {document.RootElement.ValueKind.ToString().ToLowerInvariant()} into Go value of type map[string]interface {{}}");
            }
        }
        catch (JsonException exception)
        {
            errors.Invalid($"data[{key}]", Redacted, exception.Message);
        }
    }
}
