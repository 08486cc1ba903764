using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Core.Validation;

/// <summary>The counts in the status of a ReplicaSet or a ReplicationController.</summary>
internal static class ReplicaStatusValidation
{
    public static void Validate(FieldErrors errors, int replicas, int? fullyLabeled, int? ready, int? available, long? observedGeneration)
    {
        errors.NotNegative("status.replicas", replicas);
        errors.NotNegative("status.fullyLabeledReplicas", fullyLabeled);
        errors.NotNegative("status.readyReplicas", ready);
        errors.NotNegative("status.availableReplicas", available);
        errors.NotNegative("status.observedGeneration", observedGeneration);
        NotMore(errors, "status.fullyLabeledReplicas", fullyLabeled, replicas, "status.replicas");
        NotMore(errors, "status.readyReplicas", ready, replicas, "status.replicas");
        NotMore(errors, "status.availableReplicas", available, replicas, "status.replicas");
        NotMore(errors, "status.availableReplicas", available, ready ?? 0, "readyReplicas");
    }

    public static void NotMore(FieldErrors errors, string path, int? count, int most, string other)
    {
        if (count > most)
        {
            errors.Invalid(path, FieldErrors.Text(count.Value), $"cannot be greater than {other}");
        }
    }
}
