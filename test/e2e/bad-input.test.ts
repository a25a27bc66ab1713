import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, join } from 'node:path';
import type { Container, ContainerStatus, Pod, Stored } from '../../shared/objects/types.ts';
import { aLayer, BadRegistry } from '../agent/images/bad-registry.ts';
import { type Kubectl, needsKubectl } from '../api/kubectl.ts';
import { needsRoot } from '../support/needs.ts';
import { needsLimit } from '../support/needs-limit.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady } from './cluster.ts';
import { containerProcesses } from './container-processes.ts';
import { idle, shellPod, toolsImage } from './shell-pods.ts';

const parts = ['controller', 'nats-server', 'agent-node-1'];

describe('bad input', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;
  let registry: BadRegistry;
  let healthy: { parts: (number | undefined)[]; steady: string[] };

  before(async function () {
    needsRoot(this);
    needsKubectl(this);
    registry = await new BadRegistry().start();
    registry.misbehave = misbehave;
    cluster = await Cluster.create();
    await cluster.importImage(toolsImage);
    await cluster.up();
    kubectl = await cluster.kubectl();
    await cluster.create(shellPod('steady', idle));
    await cluster.untilPod('steady', 'was ready', isReady);
    healthy = {
      parts: parts.map((part) => cluster.pidOf(part)),
      steady: [...containerProcesses(cluster.paths).values()],
    };
  });
  after(async () => {
    await registry?.close();
    await cluster?.destroy();
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });

  const mainOf = ({ status }: Stored<Pod>): ContainerStatus | undefined => status?.containerStatuses?.[0];
  const waiting = (pod: Stored<Pod>): string | undefined => mainOf(pod)?.state?.waiting?.reason;
  const message = (pod: Stored<Pod>): string => mainOf(pod)?.state?.waiting?.message ?? '';
  const untilEvent = async (pod: string, reason: string, text: RegExp): Promise<void> => {
    await until(
      async () =>
        (await cluster.eventsOf(pod)).some((event) => event.reason === reason && text.test(event.message ?? '')),
      `event ${reason} ${text} of ${pod}`,
      { withinMs: 30_000, everyMs: 200 },
    ).catch(async (error: unknown) => {
      const events = (await cluster.eventsOf(pod)).map((event) => `${event.reason}: ${event.message}`);
      throw new Error(`${pod} has the events ${events.join('\n')}`, { cause: error });
    });
  };

  describe('a registry that', () => {
    const cases: Record<string, RegExp> = {
      missing: /404.*check the name and the tag/,
      unauthorized: /401.*check the name and the credentials/,
      limited: /429.*limits how often/,
      broken: /500.*a problem of its own/,
      garbage: /the manifest is not JSON/,
      huge: /larger than \d+ bytes/,
      climbing: /the name "\.\.\/\.\.\/outside" holds "\.\."/,
    };
    before(async () => {
      registry.serveImage('climbing', '1', [aLayer([{ name: '../../outside', content: 'x' }])]);
      for (const name of Object.keys(cases)) {
        await cluster.create(shellPod(name, idle, {}, { image: `${registry.host}/${name}:1` }));
      }
    });
    for (const [name, what] of Object.entries(cases)) {
      it(`is ${name}`, async () => {
        const pod = await cluster.untilPod(name, 'backed off', (found) => waiting(found) === 'ImagePullBackOff');
        assert.match(message(pod), new RegExp(`^Back-off pulling image "${registry.host}/${name}:1": `));
        assert.match(message(pod), what);
        await untilEvent(name, 'Failed', new RegExp(`^Failed to pull image "${registry.host}/${name}:1": `));
        await untilEvent(name, 'Failed', what);
        assert.equal(pod.status?.phase, 'Pending');
      });
    }
    it('has written nothing where it may not', () => {
      const files = readdirSync(cluster.directory, { recursive: true }).map((path) => basename(String(path)));
      assert(!files.includes('outside'));
    });
  });

  describe('a container that', () => {
    const bad: Record<string, [script: string, Partial<Container>]> = {
      crashing: ['echo oh no; exit 3', {}],
      'no-command': ['', { command: ['no-such-program', '-x'] }],
      'no-config': ['', { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'nowhere', key: 'a' } } }] }],
      'no-secret': ['', { envFrom: [{ secretRef: { name: 'hidden' } }] }],
      'too-big': ['tail /dev/zero', { resources: { limits: { memory: '16Mi' } } }],
      unhealthy: [
        idle,
        {
          livenessProbe: {
            exec: { command: ['sh', '-c', 'echo not well; exit 1'] },
            periodSeconds: 1,
            failureThreshold: 2,
          },
        },
      ],
      unready: [idle, { readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 } }],
    };
    before(async function () {
      await needsLimit(this, 'memory'); // one of them would fill the memory of the machine
      for (const [name, [script, changes]] of Object.entries(bad)) {
        await cluster.create(shellPod(name, script, {}, changes));
      }
      await cluster.create(
        shellPod('no-host-path', idle, {
          volumes: [{ name: 'data', hostPath: { path: '/no/such', type: 'Directory' } }],
        }),
        shellPod('no-volume', idle, { volumes: [{ name: 'data', configMap: { name: 'nowhere' } }] }),
      );
    });

    it('ends again and again', async () => {
      const pod = await cluster.untilPod('crashing', 'backed off', (found) => waiting(found) === 'CrashLoopBackOff');
      assert.match(message(pod), /^back-off \d+s restarting failed container=main pod=crashing_default\(/);
      const ended = mainOf(pod)?.lastState?.terminated;
      assert.deepEqual([ended?.exitCode, ended?.reason], [3, 'Error']);
      await untilEvent('crashing', 'BackOff', /^Back-off restarting failed container main in pod crashing_default\(/);
      assert.equal(await kubectl.ok('logs crashing'), 'oh no');
      assert.match(await kubectl.ok('get pod crashing'), /CrashLoopBackOff/);
    });

    it('has no such program', async () => {
      const pod = await cluster.untilPod('no-command', 'backed off', (found) => waiting(found) === 'CrashLoopBackOff');
      const ended = mainOf(pod)?.lastState?.terminated;
      assert.deepEqual([ended?.exitCode, ended?.reason], [128, 'StartError']);
      assert.match(ended?.message ?? '', /exec: "no-such-program": executable file not found in \$PATH/);
      await untilEvent('no-command', 'Failed', /executable file not found in \$PATH/);
    });

    it('names a config map or secret that is not there', async () => {
      const config = await cluster.untilPod(
        'no-config',
        'waited',
        (found) => waiting(found) === 'CreateContainerConfigError',
      );
      assert.equal(message(config), 'configmap "nowhere" not found');
      const secret = await cluster.untilPod(
        'no-secret',
        'waited',
        (found) => waiting(found) === 'CreateContainerConfigError',
      );
      assert.equal(message(secret), 'secret "hidden" not found');
      await untilEvent('no-config', 'Failed', /^Error: configmap "nowhere" not found$/);
      await kubectl.ok('create configmap nowhere --from-literal=a=1');
      await cluster.untilPod(
        'no-config',
        'was created then',
        (found) => waiting(found) !== 'CreateContainerConfigError',
      );
    });

    it('needs a volume that cannot be had', async () => {
      await untilEvent(
        'no-host-path',
        'FailedMount',
        /MountVolume.SetUp failed for volume "data" : hostPath type check failed: \/no\/such is not a directory/,
      );
      const pod = await cluster.untilPod('no-host-path', 'waited', (found) => waiting(found) === 'ContainerCreating');
      assert.equal(pod.status?.phase, 'Pending');
      // Made in the test above.
      await cluster.untilPod('no-volume', 'was ready when its config map was there', isReady);
    });

    it('takes more memory than it may', async () => {
      const pod = await cluster.untilPod(
        'too-big',
        'was killed',
        (found) => mainOf(found)?.lastState?.terminated !== undefined,
      );
      const ended = mainOf(pod)?.lastState?.terminated;
      assert.deepEqual([ended?.exitCode, ended?.reason], [137, 'OOMKilled']);
    });

    it('does not answer its probes', async () => {
      await untilEvent('unhealthy', 'Unhealthy', /^Liveness probe failed: not well/);
      await untilEvent('unhealthy', 'Killing', /^Container main failed liveness probe, will be restarted$/);
      await cluster.untilPod('unhealthy', 'was restarted', (found) => (mainOf(found)?.restartCount ?? 0) >= 1);
      await untilEvent('unready', 'Unhealthy', /^Readiness probe failed: .*connect/);
      const pod = await cluster.untilPod('unready', 'ran', (found) => found.status?.phase === 'Running');
      assert.deepEqual([isReady(pod), mainOf(pod)?.restartCount], [false, 0]);
      assert.match(await kubectl.ok('get pod unready'), /0\/1 +Running/);
    });
  });

  describe('after all of it, the cluster', () => {
    it('refuses to join with a token that is garbage, or was taken back', async () => {
      const joinWith = (token: string): Promise<{ code: number; stderr: string }> =>
        cluster.run([
          'agent',
          '--data-dir',
          join(cluster.directory, 'stranger'),
          '--node-name',
          'stranger',
          '--join',
          token,
        ]);
      const garbage = await joinWith('not-a-token');
      assert.deepEqual([garbage.code, garbage.stderr.trim().split('\n').length], [1, 1]);
      assert.match(garbage.stderr, /this is not a join token/);
      const made = await cluster.berth(['token', 'create', '-o', 'json']);
      const { id, token } = JSON.parse(made) as { id: string; token: string };
      await cluster.berth(['token', 'revoke', id]);
      const revoked = await joinWith(token);
      assert.equal(revoked.code, 1, revoked.stderr);
      assert.match(revoked.stderr, /the join token is unknown, used up or was revoked: make a new one/);
    });

    it('has stopped no part of Berth, and no other pod', async () => {
      const processes = [...containerProcesses(cluster.paths).values()];
      assert(healthy.steady.every((process) => processes.includes(process)));
      assert.deepEqual(
        parts.map((part) => cluster.pidOf(part)),
        healthy.parts,
      );
      const steady = await cluster.untilPod('steady', 'was ready', isReady);
      assert.equal(mainOf(steady)?.restartCount, 0);
      await kubectl.ok('delete pods --all --wait=true --timeout=60s');
      await until(() => containerProcesses(cluster.paths).size === 0, 'no container is left', { withinMs: 60_000 });
    });
  });
});

/** What the registry does instead of answering, by the name of the repository. */
function misbehave(request: IncomingMessage, response: ServerResponse): boolean {
  const [, repository = ''] = /^\/v2\/([^/]+)\//.exec(request.url ?? '') ?? [];
  const refuse = (status: number, headers: Record<string, string> = {}): boolean => {
    response.writeHead(status, headers).end(JSON.stringify({ errors: [{ code: 'DENIED', message: 'not for you' }] }));
    return true;
  };
  switch (repository) {
    case 'unauthorized':
      return refuse(401, { 'www-authenticate': 'Basic realm="test"' });
    case 'limited':
      return refuse(429);
    case 'broken':
      return refuse(500);
    case 'garbage':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>welcome</html>');
      return true;
    case 'huge':
      response
        .writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' })
        .end(`"${'x'.repeat(10 << 20)}"`);
      return true;
    default:
      return false;
  }
}
