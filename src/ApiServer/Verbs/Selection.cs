using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Fields;
using KubeAspire.ApiMachinery.Labels;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.ApiServer.Requests;
using KubeAspire.ApiServer.Storage;
using KubeAspire.Resources.Kinds;
using KubeAspire.StateStore;

namespace KubeAspire.ApiServer.Verbs;

/// <summary>Which objects of a collection a request is about.</summary>
internal sealed class Selection
{
    private readonly ResourceKind _kind;
    private readonly Selector? _labels;
    private readonly FieldSelector? _fields;

    private Selection(ResourceKind kind, Selector? labels, FieldSelector? fields, StateRange range)
    {
        (_kind, _labels, _fields, Range) = (kind, labels, fields, range);
    }

    /// <summary>The part of the store that can hold such objects: the one object where a field selector names it.</summary>
    public StateRange Range { get; }

    /// <summary>Whether every object of <see cref="Range"/> is meant.</summary>
    public bool IsAll => _labels is null && _fields is null;

    /// <summary>Reads the selectors of a request.</summary>
    public static ApiResult<Selection> Of(ApiRequest request, ResourceKind kind)
    {
        Selector? labels = null;
        FieldSelector? fields = null;
        if (request.Query["labelSelector"] is { Length: > 0 } labelText)
        {
            var parsed = Selector.Parse(labelText);
            if (!parsed.Succeeded)
            {
                return parsed.Error;
            }

            labels = parsed.Value;
        }

        if (request.Query["fieldSelector"] is { Length: > 0 } fieldText)
        {
            var parsed = FieldSelector.Parse(fieldText);
            if (!parsed.Succeeded)
            {
                return parsed.Error;
            }

            fields = parsed.Value;
            foreach (var requirement in fields.Requirements)
            {
                if (!IsSelectable(kind, requirement.Field))
                {
                    return ApiErrors.BadRequest($"field label not supported: {requirement.Field}");
                }
            }
        }

        var ns = kind.Type.Namespaced && request.Info.Namespace.Length > 0 ? request.Info.Namespace : null;
        var name = request.Info.Name.Length > 0 ? request.Info.Name : null;
        if (name is not null && kind.Type.Namespaced && ns is null)
        {
            name = null; // One name in every namespace: the selector filters.
        }

        return new Selection(kind, labels, fields, new StateRange(kind.Type.GroupResource, kind.Type.Namespaced ? ns : "", name));
    }

    /// <summary>Whether an object is meant.</summary>
    public bool Matches(StateEntry entry)
    {
        if (IsAll)
        {
            return true;
        }

        // The name is asked of the key: no object is decoded for it.
        return (_fields is null || _fields.Matches(field => Read(entry, field))) && (_labels is null || _labels.Matches(entry.View(_kind).Metadata.Labels));
    }

    private static bool IsSelectable(ResourceKind kind, string field) =>
        field == "metadata.name" || (field == "metadata.namespace" && kind.Type.Namespaced) || kind.SelectableFields.ContainsKey(field);

    private string Read(StateEntry entry, string field) => field switch
    {
        "metadata.name" => entry.Key.Name,
        "metadata.namespace" => entry.Key.Namespace,
        _ => _kind.SelectableFields.TryGetValue(field, out var read) ? read(entry.View(_kind)) : "",
    };
}
