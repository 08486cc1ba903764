using Aspire.Hosting.ApplicationModel;

namespace KubeAspire.AppHost.Aspire;

/// <summary>A program of the machine that is reached by <c>host:port,password=…</c>.</summary>
internal sealed class ServerResource(string name, string program, string workingDirectory, ParameterResource password)
    : ExecutableResource(name, program, workingDirectory), IResourceWithConnectionString
{
    /// <inheritdoc/>
    public ReferenceExpression ConnectionStringExpression
    {
        get
        {
            var endpoint = new EndpointReference(this, "tcp");
            return ReferenceExpression.Create($"{endpoint.Property(EndpointProperty.IPV4Host)}:{endpoint.Property(EndpointProperty.Port)},password={password}");
        }
    }
}
