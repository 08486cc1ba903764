using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace KubeAspire.ServiceDefaults;

/// <summary>What every process of the system has in common: logging, and telemetry by Aspire's contract.</summary>
public static class ServiceDefaultsExtensions
{
    private static readonly string[] s_quiet = ["Microsoft.AspNetCore", "System.Net.Http", "Yarp"];

    /// <summary>
    /// Console logging on one line; and, where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, traces, metrics and logs by OTLP.
    /// The other OTEL_* variables (protocol, headers, service name, resource attributes, sampler, delays) are read by the OpenTelemetry SDK.
    /// </summary>
    /// <param name="builder">The host being built.</param>
    /// <param name="serviceName">The name of the service where OTEL_SERVICE_NAME does not give one, such as <c>silo</c>.</param>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder, string serviceName)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.TimestampFormat = "HH:mm:ss.fff ";
            options.UseUtcTimestamp = true;
            options.ColorBehavior = LoggerColorBehavior.Disabled;
        });

        // A line a request is what traces are for; Logging__LogLevel__… in the environment brings them back.
        foreach (var category in s_quiet.Where(category => builder.Configuration[$"Logging:LogLevel:{category}"] is null))
        {
            builder.Logging.AddFilter(category, LogLevel.Warning);
        }

        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            return builder;
        }

        // The environment detector comes last, so that OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
        var resource = ResourceBuilder.CreateEmpty()
            .AddService(serviceName, serviceNamespace: "kubeaspire", autoGenerateServiceInstanceId: true)
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector();

        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.SetResourceBuilder(resource);
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
            logging.AddOtlpExporter();
        });
        builder.Services.AddSingleton(new Telemetry(
            Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .AddSource([.. TelemetrySources.Activities])
                .AddOtlpExporter()
                .Build(),
            Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(resource)
                .AddMeter([.. TelemetrySources.Meters])
                .AddOtlpExporter()
                .Build()));
        builder.Services.AddHostedService(services => services.GetRequiredService<Telemetry>());
        return builder;
    }

    /// <summary>Keeps the providers alive for as long as the host, and flushes what they hold when it stops.</summary>
    private sealed class Telemetry(TracerProvider traces, MeterProvider metrics) : IHostedService, IDisposable
    {
        /// <summary>How long stopping may wait for the collector. 2 s: a collector that is gone must not hold up a stop.</summary>
        private const int FlushTimeoutMilliseconds = 2000;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            traces.ForceFlush(FlushTimeoutMilliseconds);
            metrics.ForceFlush(FlushTimeoutMilliseconds);
            return Task.CompletedTask;
        }

        public void Dispose()
        {
            traces.Dispose();
            metrics.Dispose();
        }
    }
}
