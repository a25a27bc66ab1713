import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatAddress, pickFree, readAddress } from '../../shared/service-range.ts';
import { ApiHarness, type Answer, type Json } from './harness.ts';
import { Kubectl, needsKubectl, normalise } from './kubectl.ts';

const path = '/api/v1/namespaces/default/services';
const aService = (name: string, spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});
const merge = { 'content-type': 'application/merge-patch+json' };

describe('addresses and node ports of Services', function () {
  this.timeout(60_000);
  let api: ApiHarness;

  beforeEach(async () => {
    api = await ApiHarness.start();
  });
  afterEach(() => api.stop());

  const create = (name: string, spec?: object, query = ''): Promise<Answer> =>
    api.call('POST', path + query, { body: aService(name, spec) });
  const change = (name: string, spec: object): Promise<Answer> =>
    api.call('PATCH', `${path}/${name}`, { headers: merge, body: { spec } });

  it('are given to those that need some, and stay', async () => {
    const plain: Json = (await create('plain')).json;
    assert.match(plain.spec.clusterIP, /^10\.96\.\d+\.\d+$/);
    assert.deepEqual(plain.spec.clusterIPs, [plain.spec.clusterIP]);
    assert.equal(plain.spec.ports[0].nodePort, undefined);
    const headless: Json = (await create('headless', { clusterIP: 'None' })).json;
    assert.deepEqual([headless.spec.clusterIP, headless.spec.clusterIPs], ['None', ['None']]);
    const external: Json = (await create('external', { type: 'ExternalName', externalName: 'db.example' })).json;
    assert.equal(external.spec.clusterIP, undefined);
    const ported: Json = (await create('ported', { type: 'NodePort' })).json;
    const { nodePort } = ported.spec.ports[0];
    assert.ok(nodePort >= 30_000 && nodePort <= 32_767, String(nodePort));

    const replaced: Json = (await api.call('PUT', `${path}/ported`, { body: aService('ported', { type: 'NodePort' }) }))
      .json;
    assert.deepEqual(
      [replaced.spec.clusterIP, replaced.spec.ports[0].nodePort, replaced.metadata.resourceVersion],
      [ported.spec.clusterIP, nodePort, ported.metadata.resourceVersion],
    );
  });

  it('share the port of a node between protocols of one port', async () => {
    const ports = [
      { name: 'tcp', port: 53, protocol: 'TCP' },
      { name: 'udp', port: 53, protocol: 'UDP' },
      { name: 'other', port: 54 },
    ];
    const { spec }: Json = (await create('dns', { type: 'NodePort', ports })).json;
    const [tcp, udp, other] = spec.ports.map(({ nodePort }: Json) => nodePort);
    assert.equal(tcp, udp);
    assert.notEqual(tcp, other);
  });

  it('are taken when asked for and free, and refused when taken or none of ours', async () => {
    assert.equal((await create('a', { clusterIP: '10.96.0.7' })).json.spec.clusterIP, '10.96.0.7');
    const taken = await create('b', { clusterIP: '10.96.0.7' });
    assert.equal(taken.code, 422);
    assert.equal(
      taken.json.message,
      'Service "b" is invalid: spec.clusterIPs: Invalid value: []string{"10.96.0.7"}: failed to allocate IP 10.96.0.7: provided IP is already allocated',
    );
    assert.match((await create('b', { clusterIP: '9.9.9.9' })).json.message, /valid IPs is 10\.96\.0\.0\/16/);
    assert.match((await create('b', { clusterIP: '10.96.0.1' })).json.message, /already allocated/);

    const nodePort = { type: 'NodePort', ports: [{ port: 80, nodePort: 30_007 }] };
    assert.equal((await create('c', nodePort)).code, 201);
    assert.match(
      (await create('d', nodePort)).json.message,
      /spec\.ports\[0\]\.nodePort: Invalid value: 30007: provided port is already allocated/,
    );
    const low = { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] };
    assert.match((await create('d', low)).json.message, /The range of valid ports is 30000-32767/);

    await api.call('DELETE', `${path}/a`);
    assert.equal((await create('b', { clusterIP: '10.96.0.7' })).code, 201);
  });

  it('are never given twice, however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => create(`s${at}`, { type: 'NodePort' })));
    assert.equal(new Set(answers.map(({ json }) => json.spec.clusterIP)).size, 60);
    assert.equal(new Set(answers.map(({ json }) => json.spec.ports[0].nodePort)).size, 60);
    const same = await Promise.all(['x', 'y', 'z'].map((name) => create(name, { clusterIP: '10.96.1.1' })));
    assert.deepEqual(
      same.map(({ code }) => code).sort((a, b) => a - b),
      [201, 422, 422],
    );
    const updates = await Promise.all(
      Array.from({ length: 5 }, (_, at) =>
        api.call('PATCH', `${path}/s1`, { headers: merge, body: { metadata: { labels: { at: `${at}` } } } }),
      ),
    );
    assert.deepEqual(new Set(updates.map(({ code }) => code)), new Set([200]));
  });

  it('follow the type of a Service', async () => {
    await create('a');
    const { clusterIP } = (await api.call('GET', `${path}/a`)).json.spec;
    const ported: Json = (await change('a', { type: 'NodePort' })).json;
    assert.ok(ported.spec.ports[0].nodePort);
    assert.equal(ported.spec.clusterIP, clusterIP);
    const plain: Json = (await change('a', { type: 'ClusterIP' })).json;
    assert.equal(plain.spec.ports[0].nodePort, undefined, JSON.stringify(plain));
    assert.equal(plain.spec.externalTrafficPolicy, undefined);
    const external: Json = (await change('a', { type: 'ExternalName', externalName: 'db.example' })).json;
    assert.equal(external.spec.clusterIP, undefined, JSON.stringify(external));
    assert.match((await change('a', { type: 'ClusterIP', externalName: null })).json.spec.clusterIP, /^10\.96\./);
  });

  it('include a port for health checks of balancers that send to nodes with pods alone', async () => {
    const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };
    const { spec }: Json = (await create('a', local)).json;
    assert.ok(spec.healthCheckNodePort >= 30_000, JSON.stringify(spec));
    assert.notEqual(spec.healthCheckNodePort, spec.ports[0].nodePort);
    const taken = await create('b', { ...local, healthCheckNodePort: spec.ports[0].nodePort });
    assert.match(
      taken.json.message,
      /spec\.healthCheckNodePort: Invalid value: \d+: provided port is already allocated/,
    );
    assert.equal((await change('a', { type: 'ClusterIP' })).json.spec.healthCheckNodePort, undefined);
  });

  it('are refused when there are no more of them', async () => {
    const ports = Array.from({ length: 3_000 }, (_, at) => ({ name: `p${at}`, port: at + 1 }));
    const tooMany = await create('a', { type: 'NodePort', ports });
    assert.equal(tooMany.code, 422);
    assert.deepEqual(
      tooMany.json.details.causes.map(({ field, message }: Json) => [field, message]),
      [['spec.ports[2768].nodePort', 'Invalid value: 0: failed to allocate a nodePort: range is full']],
    );
    const clusterIPs = Array.from({ length: 65_534 }, (_, at) => formatAddress((readAddress('10.96.0.1') ?? 0) + at));
    const spec = { clusterIP: '10.96.0.1', clusterIPs };
    await api.store.create('services', { ...aService('all', spec), metadata: { name: 'all', namespace: 'x' } } as Json);
    const last = await create('b');
    assert.deepEqual(
      [last.code, last.json.message],
      [
        422,
        'Service "b" is invalid: spec.clusterIPs: Invalid value: []: failed to allocate a serviceIP: range is full',
      ],
    );
    assert.equal((await create('c', { clusterIP: 'None' })).code, 201);
  });

  const nonsense: [why: RegExp, spec: object][] = [
    [/spec\.ipFamilies\[0\]: Invalid value: "IPv6": not configured on this cluster/, { ipFamilies: ['IPv6'] }],
    [/spec\.ipFamilies\[0\]: Invalid value: "IPv9": not configured on this cluster/, { ipFamilies: ['IPv9'] }],
    [/spec\.ipFamilies\[1\]: Duplicate value: "IPv4"/, { ipFamilies: ['IPv4', 'IPv4'] }],
    [/spec\.ipFamilies: Invalid value: .* may only hold up to 2 values/, { ipFamilies: ['IPv4', 'IPv6', 'IPv4'] }],
    [
      /spec\.ipFamilyPolicy: .* this cluster is not configured for dual-stack services/,
      { ipFamilyPolicy: 'RequireDualStack' },
    ],
    [
      /spec\.clusterIPs: .* may specify no more than one IP for each IP family/,
      { clusterIP: '10.96.0.50', clusterIPs: ['10.96.0.50', '10.96.0.51'] },
    ],
    [
      /spec\.clusterIPs: .* failed to allocate IP fd00::1: the provided IP \(fd00::1\) is not in the valid range/,
      { clusterIP: '10.96.0.50', clusterIPs: ['10.96.0.50', 'fd00::1'] },
    ],
  ];
  for (const [why, spec] of nonsense) {
    it(`are refused when they make no sense here: ${JSON.stringify(spec)}`, async () => {
      const { code, json } = await create('a', spec);
      assert.equal(code, 422);
      assert.match(json.message, why);
    });
  }

  it('share a port of the node between protocols also when it is named', async () => {
    const ports = [
      { name: 'tcp', port: 53, nodePort: 30_053, protocol: 'TCP' },
      { name: 'udp', port: 54, nodePort: 30_053, protocol: 'UDP' },
    ];
    assert.equal((await create('a', { type: 'NodePort', ports })).code, 201);
    const same = ports.map((port) => ({ ...port, protocol: 'TCP' }));
    const refused = await create('b', { type: 'NodePort', ports: same });
    assert.equal(refused.code, 422);
    assert.match(refused.json.message, /spec\.ports\[1\]\.nodePort: Duplicate value/);
  });

  it('cost nothing when only tried', async () => {
    const tried = await create('a', { clusterIP: '10.96.0.9' }, '?dryRun=All');
    assert.equal(tried.json.spec.clusterIP, '10.96.0.9');
    assert.equal((await create('b', { clusterIP: '10.96.0.9' })).code, 201);
  });

  it('are shown and kept by the real kubectl', async function () {
    needsKubectl(this);
    const kubectl = await Kubectl.for(api);
    await kubectl.ok('create service clusterip web --tcp=80:8080 --clusterip=10.96.0.20');
    assert.match(normalise(await kubectl.ok('get svc web')), /web ClusterIP 10\.96\.0\.20 <none> 80\/TCP AGE/);
    assert.match(
      await kubectl.fails('create service clusterip web2 --tcp=80:8080 --clusterip=10.96.0.20'),
      /Service "web2" is invalid: spec\.clusterIPs: .*provided IP is already allocated/,
    );
    const file = { stdin: JSON.stringify(aService('app', { type: 'NodePort' })) };
    assert.match(await kubectl.ok('apply -f -', file), /created/);
    assert.match(await kubectl.ok('apply -f -', file), /unchanged/);
    assert.equal((await kubectl.run(['diff', '-f', '-'], file)).code, 0);
    const before = await kubectl.ok('get svc app -o jsonpath={.spec.clusterIP}:{.spec.ports[0].nodePort}');
    await kubectl.ok('apply --server-side --force-conflicts -f -', file);
    await kubectl.ok('replace -f -', file);
    assert.equal(await kubectl.ok('get svc app -o jsonpath={.spec.clusterIP}:{.spec.ports[0].nodePort}'), before);
    assert.match(await kubectl.ok('describe svc app'), /IPs: +10\.96\..*\n/);
  });
});

describe('service range', () => {
  it('gives a number that is free while there is one, and those above the static part first', () => {
    const range = { first: 1, last: 20, dynamicFrom: 8 };
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 20 })),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (taken, chance) => {
          const used = new Set(taken);
          const free = pickFree(
            range,
            (number) => used.has(number),
            () => chance,
          );
          if (used.size === 20) return free === undefined;
          const isDynamicLeft = Array.from({ length: 13 }, (_, at) => at + 8).some((number) => !used.has(number));
          return free !== undefined && !used.has(free) && free >= (isDynamicLeft ? 8 : 1) && free <= 20;
        },
      ),
    );
  });

  it('reads and writes addresses', () => {
    assert.equal(formatAddress(readAddress('10.96.255.254') ?? 0), '10.96.255.254');
    assert.deepEqual(['1.2.3', '1.2.3.256', 'a', ''].map(readAddress), [undefined, undefined, undefined, undefined]);
  });
});
