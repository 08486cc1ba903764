using System.Net;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>Addresses that may stand behind a Service.</summary>
internal static class AddressValidation
{
    /// <summary>Refuses addresses that mean another machine on each machine: unspecified, loopback, link-local.</summary>
    /// <remarks>Upstream's <c>ValidateNonSpecialIP</c>.</remarks>
    public static void NotSpecial(FieldErrors errors, string path, string? text)
    {
        if (!PodSpecValidation.IsAddress(text))
        {
            return;
        }

        var address = IPAddress.Parse(text!);
        var bytes = address.GetAddressBytes();
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            errors.Invalid(path, text, $"may not be unspecified ({text})");
        }

        if (IPAddress.IsLoopback(address))
        {
            errors.Invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
        }

        if (bytes is [169, 254, _, _] || address.IsIPv6LinkLocal)
        {
            errors.Invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
        }

        if (bytes is [224, 0, 0, _] || (bytes.Length == 16 && bytes[0] == 0xFF && bytes[1] == 2))
        {
            errors.Invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
        }
    }
}
