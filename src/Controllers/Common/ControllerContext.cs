using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.Controllers.Certificates;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.Common;

/// <summary>What every controller is made from.</summary>
/// <param name="Client">The API.</param>
/// <param name="Informers">Shared local copies; handlers are added before they start.</param>
/// <param name="RecorderOf">The event recorder of a component, such as <c>replicaset-controller</c>.</param>
/// <param name="Clock">The clock.</param>
/// <param name="Loggers">Makes loggers.</param>
/// <param name="Options">The controllers' settings.</param>
/// <param name="ResourceTypes">Every resource type that can be listed, watched and deleted.</param>
public sealed record ControllerContext(
    IApiClient Client,
    IInformerFactory Informers,
    Func<string, IEventRecorder> RecorderOf,
    TimeProvider Clock,
    ILoggerFactory Loggers,
    ControllersOptions Options,
    Func<IReadOnlyList<ResourceType>> ResourceTypes)
{
    /// <summary>Signs certificates; null where this process cannot.</summary>
    public ICertificateAuthority? CertificateAuthority { get; init; }
}
