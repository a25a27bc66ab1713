import assert from 'node:assert/strict';
import { aPod } from '../objects.ts';
import { ApiHarness, type Answer, type Json } from './harness.ts';

const pods = '/api/v1/namespaces/default/pods';
const path = `${pods}/web/resize`;
const strategic = { 'content-type': 'application/strategic-merge-patch+json' };

describe('pods/resize', () => {
  let api: ApiHarness;

  beforeEach(async () => {
    api = await ApiHarness.start();
    const { metadata: _, status: _status, ...pod } = aPod();
    const [main] = pod.spec?.containers ?? [];
    const requests = { cpu: '100m', memory: '32Mi' };
    const limits = { cpu: '200m', memory: '64Mi', 'example.com/card': '1' };
    const initContainers = [
      { name: 'first', image: 'a:1', resources: { requests: { cpu: '50m' } } },
      { name: 'side', image: 'a:1', restartPolicy: 'Always', resources: { requests: { cpu: '50m' } } },
    ];
    const containers = [{ ...main, resources: { requests: { ...requests, 'example.com/card': '1' }, limits } }];
    const body = { ...pod, metadata: { name: 'web' }, spec: { ...pod.spec, initContainers, containers } };
    assert.equal((await api.call('POST', pods, { body })).code, 201);
  });
  afterEach(() => api.stop());

  const patch = (spec: object, to = path): Promise<Answer> =>
    api.call('PATCH', to, { body: { spec }, headers: strategic });
  const ask = (resources: object): Promise<Answer> => patch({ containers: [{ name: 'main', resources }] });

  it('changes cpu and memory of containers and sidecars, and is read as the pod', async () => {
    const { code, json } = await patch({
      containers: [{ name: 'main', resources: { requests: { cpu: '150m' }, limits: { memory: '48Mi' } } }],
      initContainers: [{ name: 'side', resources: { requests: { cpu: '10m', memory: '8Mi' } } }],
    });
    assert.equal(code, 200, json.message);
    assert.equal(json.kind, 'Pod');
    const { json: read } = await api.call('GET', path);
    assert.equal(read.metadata.generation, 2);
    const { requests, limits } = read.spec.containers[0].resources;
    assert.deepEqual(requests, { cpu: '150m', memory: '32Mi', 'example.com/card': '1' });
    assert.deepEqual(limits, { cpu: '200m', memory: '48Mi', 'example.com/card': '1' });
    assert.deepEqual(read.spec.initContainers[1].resources, { requests: { cpu: '10m', memory: '8Mi' } });
  });

  it('changes nothing else', async () => {
    const { json: pod } = await api.call('GET', path);
    pod.metadata.labels = { new: 'label' };
    pod.spec.containers[0].image = 'other:1';
    pod.spec.containers[0].resources.requests.cpu = '120m';
    const { code, json } = await api.call('PUT', path, { body: pod });
    assert.equal(code, 200, json.message);
    assert.deepEqual([json.spec.containers[0].image, json.metadata.labels], ['hello:1', undefined]);
    assert.equal(json.spec.containers[0].resources.requests.cpu, '120m');
    assert.equal((await api.call('PUT', path, { body: pod })).code, 409);
  });

  it('refuses what a running pod cannot do', async () => {
    const mine = { cpu: '100m', memory: '32Mi', 'example.com/card': '1' };
    const refused: [Promise<Answer>, string][] = [
      [
        patch({ initContainers: [{ name: 'side', resources: { requests: { cpu: null } } }] }),
        'spec.initContainers[1].resources.requests: Forbidden: resource requests cannot be removed',
      ],
      [
        ask({ limits: { memory: null } }),
        'spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
      ],
      [
        ask({ requests: { cpu: '300m' } }),
        'spec.containers[0].resources.requests: Invalid value: "300m": must be less than or equal to cpu limit of 200m',
      ],
      [
        ask({ requests: { ...mine, 'example.com/card': '2' }, limits: { 'example.com/card': '2' } }),
        'spec: Forbidden: only cpu and memory resources are mutable',
      ],
      [
        patch({ initContainers: [{ name: 'first', resources: { requests: { cpu: '1' } } }] }),
        'spec: Forbidden: resources for non-sidecar init containers are immutable',
      ],
      [
        patch({ initContainers: [{ name: 'side', resources: { requests: { 'ephemeral-storage': '1Gi' } } }] }),
        'spec: Forbidden: only cpu and memory resources for sidecar containers are mutable',
      ],
      [
        patch({
          containers: [{ name: 'main', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }],
        }),
        'spec: Forbidden: only cpu and memory resources are mutable',
      ],
    ];
    for (const [answer, text] of refused) {
      const { code, json } = await answer;
      assert.deepEqual([code, json.message], [422, `Pod "web" is invalid: ${text}`]);
    }
    assert.equal((await api.call('GET', path)).json.metadata.generation, 1);
  });

  it('keeps the class of the pod', async () => {
    const containers = [{ name: 'main', image: 'a:1', resources: { limits: { cpu: '1', memory: '64Mi' } } }];
    const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'sure' }, spec: { containers } };
    assert.equal((await api.call('POST', pods, { body })).code, 201);
    const grow = (resources: object): Promise<Answer> =>
      patch({ containers: [{ name: 'main', resources }] }, `${pods}/sure/resize`);
    const { code, json } = await grow({ limits: { cpu: '2' } });
    assert.deepEqual(
      [code, json.message],
      [
        422,
        'Pod "sure" is invalid: spec: Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing',
      ],
    );
    assert.equal((await grow({ requests: { cpu: '2' }, limits: { cpu: '2' } })).code, 200);
  });

  it('leaves resources alone in a write to the pod itself', async () => {
    const { code, json } = await patch(
      { containers: [{ name: 'main', resources: { requests: { cpu: '150m' } } }] },
      `${pods}/web`,
    );
    assert.equal(code, 422);
    assert.match(json.message, /pod updates may not change fields other than/);
  });

  it('takes a policy for each resource once, and no restarts in a pod that never restarts', async () => {
    const make = (resizePolicy: object[], restartPolicy = 'Always'): Promise<Answer> => {
      const containers = [{ name: 'main', image: 'a:1', resizePolicy }];
      return api.call('POST', pods, {
        body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { restartPolicy, containers } },
      });
    };
    const policy = (resourceName: string, restartPolicy: string): object => ({ resourceName, restartPolicy });
    const refused: [Promise<Answer>, RegExp][] = [
      [
        make([policy('disk', 'NotRequired')]),
        /resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"/,
      ],
      [
        make([policy('cpu', 'Maybe')]),
        /Unsupported value: "Maybe": supported values: "NotRequired", "RestartContainer"/,
      ],
      [make([policy('cpu', 'NotRequired'), policy('cpu', 'NotRequired')]), /resizePolicy\[1\]: Duplicate value: "cpu"/],
      [make([policy('cpu', 'RestartContainer')], 'Never'), /must be 'NotRequired' when `restartPolicy` is 'Never'/],
    ];
    for (const [answer, text] of refused) assert.match((await answer).json.message, text);
    const { code, json }: { code: number; json: Json } = await make([policy('cpu', 'RestartContainer')]);
    assert.deepEqual([code, json.spec.containers[0].resizePolicy], [201, [policy('cpu', 'RestartContainer')]]);
  });
});
