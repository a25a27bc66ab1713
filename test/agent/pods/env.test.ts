import assert from 'node:assert/strict';
import fc from 'fast-check';
import { containerEnv } from '../../../agent/pods/env.ts';
import { expand } from '../../../agent/pods/expand.ts';
import type { ApiEndpoint } from '../../../shared/objects/api-endpoint.ts';
import type { Container, KubeObject } from '../../../shared/objects/types.ts';
import { aPod } from '../../objects.ts';

describe('expand', () => {
  const values: Record<string, string> = { A: '1', B: '$(A)', EMPTY: '' };
  const cases: [string, string][] = [
    ['$(A)', '1'],
    ['x$(A)y$(A)', 'x1y1'],
    ['$(B)', '$(A)'],
    ['$(EMPTY)', ''],
    ['$(NONE)', '$(NONE)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$$$$(A)', '$$(A)'],
    ['$A', '$A'],
    ['$', '$'],
    ['a$', 'a$'],
    ['$(A', '$(A'],
    ['$(', '$('],
    ['$()', '$()'],
    ['$((A))', '$((A))'],
  ];
  for (const [text, wanted] of cases) {
    it(`makes ${wanted} of ${text}`, () =>
      assert.equal(
        expand(text, (name) => values[name]),
        wanted,
      ));
  }

  it('leaves text without dollar signs alone', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replaceAll('$', '');
        assert.equal(
          expand(plain, () => 'x'),
          plain,
        );
      }),
    );
  });
});

describe('containerEnv', () => {
  const objects: Record<string, object> = {
    'configmaps/default/cm': { data: { a: '1', 'b.c': '2', '1bad': 'x', 'with space': 'y' } },
    'secrets/default/s': { data: { key: Buffer.from('hush').toString('base64') } },
  };
  const find = (resource: string, namespace: string, name: string): KubeObject | undefined =>
    objects[`${resource}/${namespace}/${name}`] as KubeObject | undefined;
  const place = { nodeName: 'n1', hostIP: '192.0.2.1', podIP: '10.0.0.2' };
  const pod = aPod({ labels: { app: 'web' } });
  const envOf = (
    container: Omit<Container, 'name'>,
    api?: ApiEndpoint,
    of = pod,
  ): [Record<string, string>, string[]] => {
    const sources = { config: { find }, place, allocatable: { cpu: 4000, memory: 1 << 30 }, api };
    const { variables, skipped } = containerEnv(of, { name: 'main', ...container }, sources);
    return [Object.fromEntries(variables), skipped.flatMap(({ keys }) => keys)];
  };

  it('lets own variables win over those of envFrom, and earlier ones be used by later ones', () => {
    const [env, skipped] = envOf({
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }, { secretRef: { name: 's' } }],
      env: [
        { name: 'key', value: 'mine' },
        { name: 'both', value: '$(key)-$(P_a)-$(later)' },
        { name: 'later', value: 'x' },
      ],
    });
    assert.deepEqual(env, { P_a: '1', 'P_b.c': '2', P_1bad: 'x', key: 'mine', both: 'mine-1-$(later)', later: 'x' });
    assert.deepEqual(skipped, ['P_with space']);
  });

  it('says where the API is, by the address of its Service, and lets own variables win', () => {
    const api = { host: '192.0.2.10', port: 7443 };
    const [env] = envOf({ env: [{ name: 'KUBERNETES_PORT', value: '$(KUBERNETES_SERVICE_HOST)' }] }, api);
    assert.deepEqual(env, {
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      KUBERNETES_PORT: '10.96.0.1',
      KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
      KUBERNETES_PORT_443_TCP_PORT: '443',
      KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
    });
    const onHost = { ...pod, spec: { containers: [], ...pod.spec, hostNetwork: true } };
    const [direct] = envOf({}, api, onHost);
    assert.deepEqual(
      [direct['KUBERNETES_SERVICE_HOST'], direct['KUBERNETES_PORT']],
      ['192.0.2.10', 'tcp://192.0.2.10:7443'],
    );
  });

  it('reads fields of the pod and resources of the container', () => {
    const field = (fieldPath: string): { fieldRef: { fieldPath: string } } => ({ fieldRef: { fieldPath } });
    const [env] = envOf({
      resources: { limits: { memory: '64Mi' }, requests: { cpu: '250m' } },
      env: [
        { name: 'NAME', valueFrom: field('metadata.name') },
        { name: 'IP', valueFrom: field('status.podIP') },
        { name: 'APP', valueFrom: field("metadata.labels['app']") },
        { name: 'NODE', valueFrom: field('spec.nodeName') },
        { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
        { name: 'CPUS', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
      ],
    });
    const wanted = { NAME: 'web', IP: '10.0.0.2', APP: 'web', NODE: 'n1', MEM: '64', CPU: '250', CPUS: '4' };
    assert.deepEqual(env, wanted);
  });

  it('names what is missing in the words of Kubernetes, unless it is optional', () => {
    const key = (name: string, key: string, optional = false): Omit<Container, 'name'> => ({
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name, key, optional } } }],
    });
    assert.throws(() => envOf(key('gone', 'k')), /^ApiError: secret "gone" not found$/);
    assert.throws(() => envOf(key('s', 'k')), /^ApiError: couldn't find key k in Secret default\/s$/);
    assert.throws(() => envOf({ envFrom: [{ configMapRef: { name: 'gone' } }] }), /configmap "gone" not found/);
    assert.deepEqual(envOf(key('gone', 'k', true)), [{}, []]);
    assert.deepEqual(envOf(key('s', 'key')), [{ A: 'hush' }, []]);
  });
});
