using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Resources.Core;

namespace KubeAspire.Client.Events;

/// <summary>Tells users what happened to an object: the lines of <c>kubectl describe</c>. Never blocks, never fails.</summary>
public interface IEventRecorder
{
    /// <summary>Records an Event about an object.</summary>
    /// <param name="about">The object.</param>
    /// <param name="type"><see cref="EventTypes.Normal"/> or <see cref="EventTypes.Warning"/>.</param>
    /// <param name="reason">Why, in UpperCamelCase, such as <c>FailedScheduling</c>.</param>
    /// <param name="message">For people. At most <see cref="EventRecorder.MessageBytesMax"/> bytes; the rest is cut off.</param>
    void Record(ObjectReference about, string type, string reason, string message);
}

/// <summary>The types of Events.</summary>
public static class EventTypes
{
    /// <summary>For information.</summary>
    public const string Normal = "Normal";

    /// <summary>Something a person may have to look at.</summary>
    public const string Warning = "Warning";
}

/// <summary>Events about objects whose kind is known at compile time.</summary>
public static class EventRecorderExtensions
{
    /// <summary>Records an Event about an object.</summary>
    public static void Record<T>(this IEventRecorder recorder, T about, string type, string reason, string message)
        where T : class, IKubernetesObject<T> => recorder.Record(ReferenceTo(about), type, reason, message);

    /// <summary>A reference to an object.</summary>
    public static ObjectReference ReferenceTo<T>(T value)
        where T : class, IKubernetesObject<T> => new()
        {
            ApiVersion = T.ResourceType.ApiVersion,
            Kind = T.ResourceType.Kind,
            Namespace = value.Metadata.Namespace,
            Name = value.Metadata.Name,
            Uid = value.Metadata.Uid,
            ResourceVersion = value.Metadata.ResourceVersion,
        };
}
