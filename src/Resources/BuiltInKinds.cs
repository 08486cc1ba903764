using KubeAspire.Resources.Admissionregistration;
using KubeAspire.Resources.Apiregistration;
using KubeAspire.Resources.Apps;
using KubeAspire.Resources.Authentication;
using KubeAspire.Resources.Authorization;
using KubeAspire.Resources.Batch;
using KubeAspire.Resources.Certificates;
using KubeAspire.Resources.Coordination;
using KubeAspire.Resources.Core;
using KubeAspire.Resources.Discovery;
using KubeAspire.Resources.Flowcontrol;
using KubeAspire.Resources.Kinds;
using KubeAspire.Resources.Networking;
using KubeAspire.Resources.Node;
using KubeAspire.Resources.Policy;
using KubeAspire.Resources.Rbac;
using KubeAspire.Resources.Resource;
using KubeAspire.Resources.Scheduling;
using KubeAspire.Resources.Storage;

namespace KubeAspire.Resources;

/// <summary>Every kind that is served without a CustomResourceDefinition. A new one is added here and in build/KindGenerator/kinds.txt.</summary>
public static class BuiltInKinds
{
    /// <summary>The kinds, by group and name.</summary>
    public static IReadOnlyList<ResourceKind> All { get; } =
    [
        new BindingKind(),
        new ConfigMapKind(),
        new EndpointsKind(),
        new Core.EventKind(),
        new NamespaceKind(),
        new NodeKind(),
        new PodKind(),
        new PodTemplateKind(),
        new ReplicationControllerKind(),
        new SecretKind(),
        new ServiceKind(),
        new ServiceAccountKind(),
        new ControllerRevisionKind(),
        new DaemonSetKind(),
        new DeploymentKind(),
        new ReplicaSetKind(),
        new SelfSubjectReviewKind(),
        new TokenReviewKind(),
        new LocalSubjectAccessReviewKind(),
        new SelfSubjectAccessReviewKind(),
        new SelfSubjectRulesReviewKind(),
        new SubjectAccessReviewKind(),
        new LeaseKind(),
        new EndpointSliceKind(),
        new IngressKind(),
        new IngressClassKind(),
        new ClusterRoleKind(),
        new ClusterRoleBindingKind(),
        new RoleKind(),
        new RoleBindingKind(),
        new MutatingAdmissionPolicyKind(),
        new MutatingAdmissionPolicyBindingKind(),
        new MutatingWebhookConfigurationKind(),
        new ValidatingAdmissionPolicyKind(),
        new ValidatingAdmissionPolicyBindingKind(),
        new ValidatingWebhookConfigurationKind(),
        new APIServiceKind(),
        new Apiextensions.CustomResourceDefinitionKind(),
        new CertificateSigningRequestKind(),
        new FlowSchemaKind(),
        new PriorityLevelConfigurationKind(),
        new IPAddressKind(),
        new NetworkPolicyKind(),
        new ServiceCIDRKind(),
        new DeviceClassKind(),
        new ResourceClaimKind(),
        new ResourceClaimTemplateKind(),
        new ResourceSliceKind(),
        new StatefulSetKind(),
        new JobKind(),
        new CronJobKind(),
        new PodDisruptionBudgetKind(),
        new PriorityClassKind(),
        new RuntimeClassKind(),
        new PersistentVolumeKind(),
        new PersistentVolumeClaimKind(),
        new LimitRangeKind(),
        new ResourceQuotaKind(),
        new StorageClassKind(),
        new VolumeAttributesClassKind(),
        new CSIDriverKind(),
        new CSINodeKind(),
        new CSIStorageCapacityKind(),
        new VolumeAttachmentKind(),
        new Autoscaling.HorizontalPodAutoscalerKind(),
        new AutoscalingV2.HorizontalPodAutoscalerKind(),
        new Events.EventKind(),
    ];
}
