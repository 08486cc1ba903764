using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.ControllerRuntime.Leadership;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KubeAspire.Controllers;

/// <summary>Registers the controllers.</summary>
public static class ControllersExtensions
{
    /// <summary>
    /// Adds all controllers as one hosted service. Takes from the container: <see cref="ILeadership"/>, and, where they are there,
    /// a <see cref="TimeProvider"/> and a <c>Func&lt;IReadOnlyList&lt;ResourceType&gt;&gt;</c> that names every resource type.
    /// </summary>
    /// <remarks>Not named AddControllers: ASP.NET has an extension of that name, and an overload would be chosen silently.</remarks>
    /// <param name="services">The container.</param>
    /// <param name="clientOf">The API client of user <c>system:kube-controller-manager</c>; null for the registered <see cref="IApiClient"/>.</param>
    public static IServiceCollection AddKubernetesControllers(this IServiceCollection services, Func<IServiceProvider, IApiClient>? clientOf = null)
    {
        services.AddOptionsWithValidateOnStart<ControllersOptions, ControllersOptionsValidator>().BindConfiguration(ControllersOptions.SectionName);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new ControllerManager(
            clientOf?.Invoke(provider) ?? provider.GetRequiredService<IApiClient>(),
            provider.GetRequiredService<ILeadership>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>(),
            provider.GetRequiredService<IOptions<ControllersOptions>>(),
            provider.GetService<Func<IReadOnlyList<ResourceType>>>(),
            provider.GetService<Certificates.ICertificateAuthority>()));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ControllerManager>());
        return services;
    }
}
