using KubeAspire.ApiMachinery.Meta;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Controllers.EndpointSlices;

/// <summary>Log messages of the endpointslice controller. Event ids 3200-3219.</summary>
internal static partial class EndpointSliceLog
{
    [LoggerMessage(3200, LogLevel.Debug, "Service {Service}: {Created} slices created, {Updated} updated, {Deleted} deleted")]
    public static partial void SlicesWritten(this ILogger logger, ObjectKey service, int created, int updated, int deleted);
}
