using System.Security.Cryptography;
using KubeAspire.Client;
using KubeAspire.Client.Events;
using KubeAspire.Client.Informers;
using KubeAspire.ControllerRuntime.Leadership;
using KubeAspire.Scheduler.Explain;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Scheduler;

/// <summary>Registers the scheduler.</summary>
public static class SchedulerExtensions
{
    /// <summary>Adds the scheduler as a hosted service, and <see cref="ISchedulingExplanation"/>. Needs a <see cref="TimeProvider"/> and an <see cref="ILeadership"/>, or takes the system's clock and sole leadership.</summary>
    /// <param name="services">The services.</param>
    /// <param name="clientOf">The API as user <c>system:kube-scheduler</c>.</param>
    /// <param name="informersOf">Informers to share; null for the scheduler's own over its client.</param>
    public static IServiceCollection AddScheduler(
        this IServiceCollection services, Func<IServiceProvider, IApiClient> clientOf, Func<IServiceProvider, IInformerFactory>? informersOf = null)
    {
        services.AddOptionsWithValidateOnStart<SchedulerOptions, SchedulerOptionsValidator>()
            .BindConfiguration(SchedulerOptions.SectionName)
            .Validate(options => options.BackoffMax >= options.BackoffInitial, "Scheduler:BackoffMax must not be shorter than Scheduler:BackoffInitial.");
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ILeadership, SoleLeadership>();
        services.TryAddSingleton(provider => new DecisionMemory(provider.GetRequiredService<IOptions<SchedulerOptions>>().Value.DecisionsKept));
        services.TryAddSingleton<ISchedulingExplanation>(provider => provider.GetRequiredService<DecisionMemory>());

        // Keyed: other components record events under other names.
        services.TryAddKeyedSingleton(SchedulerService.Work, (provider, _) => new EventRecorder(
            clientOf(provider), provider.GetRequiredService<IOptions<SchedulerOptions>>().Value.SchedulerName, host: null,
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<EventRecorder>>()));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<EventRecorder>(SchedulerService.Work));
        services.TryAddSingleton(provider =>
        {
            var client = clientOf(provider);
            var clock = provider.GetRequiredService<TimeProvider>();
            return new SchedulerService(
                client,
                informersOf?.Invoke(provider) ?? new InformerFactory(client, clock, provider.GetRequiredService<ILogger<InformerFactory>>()),
                provider.GetRequiredKeyedService<EventRecorder>(SchedulerService.Work),
                provider.GetRequiredService<DecisionMemory>(),
                provider.GetRequiredService<ILeadership>(),
                provider.GetRequiredService<IOptions<SchedulerOptions>>().Value,
                clock,
                new Random(RandomNumberGenerator.GetInt32(int.MaxValue)),
                provider.GetRequiredService<ILogger<SchedulerService>>());
        });
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<SchedulerService>());
        return services;
    }
}
