// Lists, informers, watches, every kind of patch, apply, as programs in JavaScript do them.
// Usage: node informer.mjs <namespace>; KUBECONFIG names the cluster.
import assert from 'node:assert/strict';
import * as k8s from '@kubernetes/client-node';

const namespace = process.argv[2];
const kc = new k8s.KubeConfig();
kc.loadFromDefault();
const core = kc.makeApiClient(k8s.CoreV1Api);
const apps = kc.makeApiClient(k8s.AppsV1Api);
const as = type => k8s.setHeaderOptions('Content-Type', type);
const until = async (what, holds) => {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `never: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
};

// Discovery and version.
assert.match((await kc.makeApiClient(k8s.VersionApi).getCode()).gitVersion, /^v1\.36/);
assert.ok((await kc.makeApiClient(k8s.ApisApi).getAPIVersions()).groups.some(group => group.name === 'apps'));
assert.ok((await core.getAPIResources()).resources.some(resource => resource.name === 'pods'));

await core.createNamespace({ body: { metadata: { name: namespace } } });

// An informer that sees what is there, what comes, changes and goes.
await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'before', labels: { of: 'informer' } }, data: { a: 'b' } } });
const seen = [];
const informer = k8s.makeInformer(kc, `/api/v1/namespaces/${namespace}/configmaps`, () => core.listNamespacedConfigMap({ namespace, labelSelector: 'of=informer' }), 'of=informer');
for (const event of ['add', 'update', 'delete']) {
  informer.on(event, object => seen.push(`${event} ${object.metadata.name}`));
}
informer.on('error', error => seen.push(`error ${error}`));
await informer.start();
await until('the object that was there', () => seen.includes('add before'));
await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'during', labels: { of: 'informer' } } } });
await until('the new object', () => seen.includes('add during'));
assert.equal(informer.list().length, 2);

// Patches of all types. A null removes.
const patch = (body, type) => core.patchNamespacedConfigMap({ namespace, name: 'during', body }, as(type));
assert.deepEqual((await patch({ data: { colour: 'red', size: 'big' } }, 'application/merge-patch+json')).data, { colour: 'red', size: 'big' });
assert.deepEqual((await patch({ data: { size: null } }, 'application/strategic-merge-patch+json')).data, { colour: 'red' });
assert.deepEqual((await patch([{ op: 'replace', path: '/data/colour', value: 'blue' }], 'application/json-patch+json')).data, { colour: 'blue' });
const applied = await core.patchNamespacedConfigMap(
  { namespace, name: 'during', fieldManager: 'javascript', force: true, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'during', namespace }, data: { colour: 'green' } } },
  as('application/apply-patch+yaml'));
assert.equal(applied.data.colour, 'green');
assert.ok(applied.metadata.managedFields.some(entry => entry.manager === 'javascript' && entry.operation === 'Apply'));
await until('the changes', () => seen.includes('update during'));
await until('the last change', () => informer.get('during', namespace)?.data?.colour === 'green');
await core.deleteNamespacedConfigMap({ namespace, name: 'during' });
await until('the removal', () => seen.includes('delete during'));
assert.deepEqual(seen.filter(event => event.startsWith('error')), []);
await informer.stop();

// A watch by hand, from a revision; it is told what happened since.
const list = await core.listNamespacedConfigMap({ namespace });
await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'watched' } } });
const events = [];
const request = await new k8s.Watch(kc).watch(`/api/v1/namespaces/${namespace}/configmaps`, { resourceVersion: list.metadata.resourceVersion, allowWatchBookmarks: true },
  (type, object) => events.push(`${type} ${object.metadata.name}`), () => {});
await until('the event', () => events.includes('ADDED watched'));
request.abort();

// An object by its kind alone, as `kubectl apply` in programs.
const objects = k8s.KubernetesObjectApi.makeApiClient(kc);
const made = await objects.create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } } } });
assert.equal(made.spec.strategy.type, 'RollingUpdate');
assert.ok(made.metadata.creationTimestamp instanceof Date);
await until('ready pods', async () => (await apps.readNamespacedDeploymentStatus({ name: 'web', namespace })).status.readyReplicas === 2);
const scale = await apps.readNamespacedDeploymentScale({ name: 'web', namespace });
scale.spec.replicas = 1;
assert.equal((await apps.replaceNamespacedDeploymentScale({ name: 'web', namespace, body: scale })).spec.replicas, 1);
const pods = (await core.listNamespacedPod({ namespace, labelSelector: 'app=web', limit: 1 }));
assert.equal(pods.items.length, 1);
await objects.patch({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace, labels: { a: 'b' } } }, undefined, undefined, undefined, undefined, 'application/merge-patch+json');
assert.equal((await objects.read({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace } })).metadata.labels.a, 'b');
await objects.delete({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace } });

// What is refused says why.
await assert.rejects(core.readNamespacedConfigMap({ name: 'nobody', namespace }), error => error.code === 404 && JSON.parse(error.body).message === 'configmaps "nobody" not found');
await assert.rejects(core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'Wrong' } } }), error => error.code === 422);

// Rights, tokens, a lease with its microseconds.
const review = await kc.makeApiClient(k8s.AuthorizationV1Api).createSelfSubjectAccessReview({ body: { spec: { resourceAttributes: { verb: 'get', resource: 'pods', namespace } } } });
assert.equal(review.status.allowed, true);
const token = await core.createNamespacedServiceAccountToken({ name: 'default', namespace, body: { spec: { audiences: [], expirationSeconds: 600 } } });
assert.match(token.status.token, /^eyJ/);
const leases = kc.makeApiClient(k8s.CoordinationV1Api);
const lease = await leases.createNamespacedLease({ namespace, body: { metadata: { name: 'lease' }, spec: { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: new k8s.V1MicroTime('2024-01-01T00:00:00.123456Z') } } });
assert.equal(lease.spec.leaseDurationSeconds, 15);

await core.deleteNamespace({ name: namespace });
await until('the end of the namespace', () => core.readNamespace({ name: namespace }).then(() => false, error => error.code === 404));
console.log('all well');
process.exit(0);
