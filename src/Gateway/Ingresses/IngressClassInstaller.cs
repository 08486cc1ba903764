using KubeAspire.ApiMachinery.Errors;
using KubeAspire.ApiMachinery.Meta;
using KubeAspire.Client;
using KubeAspire.Resources.Networking;
using KubeAspire.ServiceProxy;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KubeAspire.Gateway.Ingresses;

/// <summary>Creates the IngressClass <c>kubeaspire</c>, the cluster's default, where there is none. One that exists is its owner's and left alone.</summary>
internal sealed class IngressClassInstaller(IApiClient client, TimeProvider clock, ILogger<IngressClassInstaller> logger) : BackgroundService
{
    /// <summary>Name of the class.</summary>
    public const string ClassName = "kubeaspire";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!await TryAsync(stoppingToken))
        {
            await Task.Delay(GatewayLimits.WriteRetry, clock, stoppingToken);
        }
    }

    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await client.GetAsync<IngressClass>(null, ClassName, cancellationToken);
            if (found.Error is { Reason: ApiErrorReason.NotFound })
            {
                var created = await client.CreateAsync(new IngressClass
                {
                    ApiVersion = IngressClass.ResourceType.ApiVersion,
                    Kind = IngressClass.ResourceType.Kind,
                    Metadata = new ObjectMeta
                    {
                        Name = ClassName,
                        Annotations = new Dictionary<string, string> { ["ingressclass.kubernetes.io/is-default-class"] = "true" },
                    },
                    Spec = new IngressClassSpec { Controller = new RoutingOptions().IngressController },
                }, cancellationToken);
                if (created.Succeeded || created.Error.Reason == ApiErrorReason.AlreadyExists)
                {
                    return true;
                }

                logger.IngressClassFailed(ClassName, created.Error.Message);
                return false;
            }

            if (found.Error is { } error)
            {
                logger.IngressClassFailed(ClassName, error.Message);
            }

            return found.Succeeded;
        }
        catch (HttpRequestException exception)
        {
            logger.IngressClassFailed(ClassName, exception.Message);
            return false;
        }
    }
}
