// A pod's life and its streams, as programs in JavaScript see and use them: informer, exec, attach, port-forward, logs, copies, patches.
// Usage: node streams.mjs <namespace>; KUBECONFIG names the cluster, and the namespace is there.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import * as k8s from '@kubernetes/client-node';

const namespace = process.argv[2];
const kc = new k8s.KubeConfig();
kc.loadFromDefault();
const core = kc.makeApiClient(k8s.CoreV1Api);
const until = async (what, holds) => {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `never: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
};
const gather = () => {
  const stream = new PassThrough();
  const chunks = [];
  stream.on('data', chunk => chunks.push(chunk));
  stream.text = () => Buffer.concat(chunks).toString();
  return stream;
};

// An informer upon an empty namespace: all it tells of the pod, from its creation to its end.
const seen = [];
const phases = new Set();
const informer = k8s.makeInformer(kc, `/api/v1/namespaces/${namespace}/pods`, () => core.listNamespacedPod({ namespace }));
informer.on('add', pod => seen.push(`add ${pod.metadata.name}`));
informer.on('update', pod => phases.add(pod.status.phase + (pod.metadata.deletionTimestamp ? ' deleted' : '')));
informer.on('delete', pod => seen.push(`delete ${pod.metadata.name}`));
informer.on('error', error => seen.push(`error ${error}`));
await informer.start();

await core.createNamespacedPod({ namespace, body: {
  metadata: { name: 'box', labels: { app: 'box' } },
  spec: { terminationGracePeriodSeconds: 1, containers: [
    { name: 'web', image: 'guestbook-redis:1', command: ['/bin/sh', '-c'],
      args: ['busybox ln -sf busybox /bin/tar; busybox mkdir -p /www; echo hello > /www/index.html; exec busybox httpd -f -p 8080 -h /www'] },
    { name: 'echo', image: 'guestbook-redis:1', stdin: true, command: ['/bin/sh', '-c', 'echo begun; while read line; do echo "got $line"; done'] },
  ] } } });
await until('the running pod', async () => (await core.readNamespacedPod({ name: 'box', namespace })).status.conditions?.some(condition => condition.type === 'Ready' && condition.status === 'True'));
await until('the informer that knows', () => informer.get('box', namespace)?.status.podIP);

// Runs a command to its end; the Status that closes the stream tells how it went.
const run = async (command, stdin = null, tty = false) => {
  const [stdout, stderr] = [gather(), gather()];
  const status = await new Promise((resolve, reject) => {
    new k8s.Exec(kc).exec(namespace, 'box', 'web', command, stdout, tty ? null : stderr, stdin, tty, resolve).catch(reject);
  });
  await new Promise(resolve => setTimeout(resolve, 50)); // Lets what was written into the streams flow.
  return { status, stdout: stdout.text(), stderr: stderr.text() };
};
const well = await run(['/bin/sh', '-c', 'echo out; echo err >&2']);
assert.deepEqual([well.status.status, well.stdout, well.stderr], ['Success', 'out\n', 'err\n']);
const ill = await run(['/bin/sh', '-c', 'exit 7']);
assert.deepEqual([ill.status.status, ill.status.reason, ill.status.details.causes], ['Failure', 'NonZeroExitCode', [{ reason: 'ExitCode', message: '7' }]]);
const fed = await run(['/bin/sh', '-c', 'read a; read b; echo "$b $a"'], Readable.from(['one\n', 'two\n']));
assert.deepEqual([fed.status.status, fed.stdout], ['Success', 'two one\n']);
const terminal = await run(['busybox', 'tty'], new PassThrough(), true);
assert.match(terminal.stdout, /^\/dev\/pts\/\d+\r\n$/);
const big = await run(['/bin/sh', '-c', 'busybox head -c 3000000 /dev/zero | busybox tr "\\0" x']);
assert.equal(big.stdout.length, 3_000_000);

// What main process there is, attached to.
const [input, output] = [new PassThrough(), gather()];
const attached = await new k8s.Attach(kc).attach(namespace, 'box', 'echo', output, null, input, false);
input.write('attached\n');
await until('the answer of what is attached', () => output.text().includes('got attached\n'));
attached.close();

// Its log: what there is, and what comes.
const followed = gather();
const following = await new k8s.Log(kc).log(namespace, 'box', 'echo', followed, { follow: true, tailLines: 1 });
await until('the last line', () => followed.text() === 'got attached\n');
const again = await new k8s.Attach(kc).attach(namespace, 'box', 'echo', gather(), null, Readable.from(['again\n']), false);
await until('the next line', () => followed.text() === 'got attached\ngot again\n');
following.abort();
again.close();
assert.equal(await core.readNamespacedPodLog({ name: 'box', namespace, container: 'echo', limitBytes: 5 }), 'begun');

// A port, many connections after one another.
const forward = new k8s.PortForward(kc);
const server = net.createServer(socket => forward.portForward(namespace, 'box', [8080], socket, null, socket));
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
for (let i = 0; i < 5; i++) {
  const answer = await new Promise((resolve, reject) => {
    const socket = net.connect(server.address().port, '127.0.0.1', () => socket.write('GET /index.html HTTP/1.0\r\n\r\n'));
    let text = '';
    socket.on('data', data => {
      text += data;
      if (text.endsWith('hello\n')) {
        socket.destroy();
        resolve(text);
      }
    });
    socket.on('error', reject);
  });
  assert.match(answer, /^HTTP\/1\.[01] 200/);
}
server.close();

// Files.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kubeaspire-js-'));
try {
  const bytes = crypto.randomBytes(300_000);
  fs.writeFileSync(path.join(folder, 'up'), bytes);
  const cp = new k8s.Cp(kc);
  await cp.cpToPod(namespace, 'box', 'web', folder, '/tmp'); // What is in the folder.
  await until('the whole file', async () => (await run(['busybox', 'sha256sum', '/tmp/up'])).stdout.startsWith(crypto.createHash('sha256').update(bytes).digest('hex')));
} finally {
  fs.rmSync(folder, { recursive: true });
}

// What changes while it runs, and its end, as the informer tells them.
await core.patchNamespacedPod({ name: 'box', namespace, body: { metadata: { labels: { colour: 'red' } } } }, k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.StrategicMergePatch));
await until('the label', () => informer.get('box', namespace).metadata.labels.colour === 'red');
await assert.rejects(core.patchNamespacedPod({ name: 'box', namespace, body: [{ op: 'replace', path: '/spec/nodeName', value: 'elsewhere' }] }), error => error.code === 422);
await assert.rejects(new k8s.Exec(kc).exec(namespace, 'nobody', 'web', ['ls'], gather(), null, null, false));
await core.deleteNamespacedPod({ name: 'box', namespace });
await until('the end', () => seen.includes('delete box'));
assert.deepEqual(seen, ['add box', 'delete box']);
assert.ok(phases.has('Pending') && phases.has('Running') && [...phases].some(phase => phase.endsWith(' deleted')), [...phases].join());
await informer.stop();
console.log('all well');
process.exit(0);
