using KubeAspire.ApiMachinery.Errors;
using KubeAspire.Resources.Kinds.Validation;

namespace KubeAspire.Resources.Flowcontrol.Validation;

/// <summary>What a priority level may be.</summary>
/// <remarks>Upstream's pkg/apis/flowcontrol/validation; the bound of entropy is that of its shuffle sharding.</remarks>
internal static class PriorityLevelValidation
{
    private const int MaximumQueues = 10_000_000;
    private const int MaximumEntropy = 60; // bits

    public static FieldErrors Validate(PriorityLevelConfiguration value)
    {
        var errors = new FieldErrors();
        var spec = value.Spec;
        if (spec.Type is not ("Exempt" or "Limited"))
        {
            errors.Add(FieldError.NotSupported("spec.type", spec.Type, ["Exempt", "Limited"]));
            return errors;
        }

        if ((value.Metadata.Name == MandatoryFlows.Exempt) != (spec.Type == "Exempt"))
        {
            errors.Invalid("spec.type", spec.Type, "type must be 'Exempt' if and only if name is 'exempt'");
        }

        if (spec.Type == "Exempt")
        {
            if (spec.Limited is not null)
            {
                errors.Forbidden("spec.limited", "must be nil if the type is not Limited");
            }

            Shares(errors, "spec.exempt", spec.Exempt?.NominalConcurrencyShares, spec.Exempt?.LendablePercent);
        }
        else if (spec.Limited is not { } limited)
        {
            errors.Required("spec.limited", "must not be empty when type is Limited");
        }
        else
        {
            if (spec.Exempt is not null)
            {
                errors.Forbidden("spec.exempt", "must be nil if the type is Limited");
            }

            Limited(errors, limited);
        }

        if (MandatoryFlows.Level(value.Metadata.Name) is { } fixedSpec && !JsonComparison.Same(spec, fixedSpec))
        {
            errors.Invalid("spec", JsonComparison.Text(spec), $"spec of '{value.Metadata.Name}' must equal the fixed value");
        }

        return errors;
    }

    private static void Limited(FieldErrors errors, LimitedPriorityLevelConfiguration limited)
    {
        Shares(errors, "spec.limited", limited.NominalConcurrencyShares, limited.LendablePercent);
        if (limited.BorrowingLimitPercent is < 0)
        {
            errors.Invalid("spec.limited.borrowingLimitPercent", FieldErrors.Text(limited.BorrowingLimitPercent.Value), "if specified, must be a non-negative integer");
        }

        const string Path = "spec.limited.limitResponse";
        var response = limited.LimitResponse ?? new LimitResponse();
        switch (response.Type)
        {
            case "Reject" when response.Queuing is not null:
                errors.Forbidden($"{Path}.queuing", "must be nil if limited.limitResponse.type is not Limited");
                break;
            case "Reject":
                break;
            case "Queue" when response.Queuing is null:
                errors.Required($"{Path}.queuing", "must not be empty if limited.limitResponse.type is Limited");
                break;
            case "Queue":
                Queuing(errors, response.Queuing!, $"{Path}.queuing");
                break;
            default:
                errors.Add(FieldError.NotSupported($"{Path}.type", response.Type, ["Queue", "Reject"]));
                break;
        }
    }

    private static void Shares(FieldErrors errors, string path, int? shares, int? lendable)
    {
        if (shares < 0)
        {
            errors.Invalid($"{path}.nominalConcurrencyShares", FieldErrors.Text(shares.Value), "must be a non-negative integer");
        }

        if (lendable is < 0 or > 100)
        {
            errors.Invalid($"{path}.lendablePercent", FieldErrors.Text(lendable.Value), "must be between 0 and 100, inclusive");
        }
    }

    private static void Queuing(FieldErrors errors, QueuingConfiguration queuing, string path)
    {
        var (queues, hand, length) = (queuing.Queues ?? 0, queuing.HandSize ?? 0, queuing.QueueLengthLimit ?? 0);
        if (length <= 0)
        {
            errors.Invalid($"{path}.queueLengthLimit", FieldErrors.Text(length), "must be positive");
        }

        if (queues is <= 0 or > MaximumQueues)
        {
            errors.Invalid($"{path}.queues", FieldErrors.Text(queues), queues <= 0 ? "must be positive" : $"must not be greater than {MaximumQueues}");
        }

        if (hand <= 0)
        {
            errors.Invalid($"{path}.handSize", FieldErrors.Text(hand), "must be positive");
        }
        else if (hand > queues)
        {
            errors.Invalid($"{path}.handSize", FieldErrors.Text(hand), $"should not be greater than queues ({queues})");
        }
        else if (Entropy(queues, hand) > MaximumEntropy)
        {
            errors.Invalid($"{path}.handSize", FieldErrors.Text(hand), $"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {MaximumEntropy}");
        }
    }

    // Bits that dealing a hand from a deck takes.
    private static int Entropy(int deck, int hand) => (int)Math.Ceiling(Enumerable.Range(0, Math.Min(hand, MaximumEntropy * 2)).Sum(dealt => Math.Log2(deck - dealt)));
}
