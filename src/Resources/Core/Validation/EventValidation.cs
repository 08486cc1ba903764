using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>An Event, in its old form (<c>firstTimestamp</c>) and in its new one (<c>eventTime</c>).</summary>
internal static class EventValidation
{
    private const int ShortText = 128, LongText = 1024; // bytes, as upstream's ReportingInstanceLengthLimit and NoteLengthLimit

    public static FieldErrors Validate(Event value)
    {
        var errors = new FieldErrors();
        var (ns, about) = (value.Metadata.Namespace ?? "", value.InvolvedObject.Namespace ?? "");
        if (about.Length == 0 ? ns is not ("" or "default" or "kube-system") : about != ns)
        {
            errors.Invalid("involvedObject.namespace", about, "does not match event.namespace");
        }

        if (ns.Length > 0)
        {
            errors.Invalid("namespace", ns, Names.IsDnsLabel(ns));
        }

        if (value.EventTime is null)
        {
            return errors;
        }

        errors.RequireName("reportingController", value.ReportingComponent, Names.IsQualifiedName);
        Required(errors, "reportingInstance", value.ReportingInstance, ShortText);
        Required(errors, "action", value.Action, ShortText);
        Required(errors, "reason", value.Reason, ShortText);
        if (System.Text.Encoding.UTF8.GetByteCount(value.Message ?? "") > LongText)
        {
            errors.Invalid("message", "", $"can have at most {LongText} characters");
        }

        return errors;
    }

    private static void Required(FieldErrors errors, string path, string? value, int most)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Required(path);
        }
        else if (value.Length > most)
        {
            errors.Invalid(path, "", $"can have at most {most} characters");
        }
    }
}
