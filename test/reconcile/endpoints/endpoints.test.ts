import assert from 'node:assert/strict';
import type { PodObject } from '../../../controller/reconcile/pod-state.ts';
import type { SliceObject } from '../../../controller/reconcile/endpoints/slices.ts';
import type { Endpoints, KubeObject, Service, ServiceSpec } from '../../../shared/objects/types.ts';
import { aPod } from '../../objects.ts';
import { Cluster } from '../cluster.ts';

type ServiceObject = KubeObject & Service;
type EndpointsObject = KubeObject & Endpoints;

const slicesResource = 'endpointslices.discovery.k8s.io';
const selector = { app: 'web' };

function aService(spec: Partial<ServiceSpec> = {}, name = 'web'): ServiceObject {
  const metadata = { name, namespace: 'default', labels: { team: 'shop' } };
  const ports = [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }];
  const full = { type: 'ClusterIP', clusterIP: '10.96.0.10', selector, ports, ...spec } as ServiceSpec;
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: full };
}

interface PodShape {
  ready?: boolean;
  port?: number;
  spec?: Partial<NonNullable<PodObject['spec']>>;
  labels?: Record<string, string>;
}

/** A pod that runs, with a port `web`. */
function aServer(
  name: string,
  ip: string,
  { ready = true, port = 8080, spec, labels = selector }: PodShape = {},
): PodObject {
  const pod = aPod({ name, labels });
  const { resourceVersion: _version, uid: _uid, creationTimestamp: _time, ...metadata } = pod.metadata;
  const containers = [{ name: 'main', image: 'web:1', ports: [{ name: 'web', containerPort: port, protocol: 'TCP' }] }];
  return {
    ...pod,
    metadata,
    spec: { ...pod.spec, containers, nodeName: 'node-1', ...spec },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', reason: 'NodeLost' }],
    },
  } as PodObject;
}

describe('the endpoints controller', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await Cluster.start();
    cluster.endsPods = false;
  });
  afterEach(() => cluster.stop());

  const slices = (name = 'web'): SliceObject[] =>
    cluster.store
      .list<SliceObject>(slicesResource)
      .items.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
  const endpoints = (name = 'web'): EndpointsObject | undefined =>
    cluster.store.get<EndpointsObject>('endpoints', 'default', name);
  const places = (): Record<string, unknown> =>
    Object.fromEntries(
      slices().flatMap((slice) => slice.endpoints.map(({ addresses, conditions }) => [addresses[0], conditions])),
    );
  const create = (...objects: KubeObject[]): Promise<unknown> =>
    Promise.all(objects.map((object) => cluster.store.create(`${object.kind?.toLowerCase()}s`, object)));
  const setReady = (name: string, status: string): Promise<unknown> =>
    cluster.store.modify<PodObject>('pods', 'default', name, (pod) => ({
      ...pod,
      status: { ...pod.status, conditions: [{ type: 'Ready', status, reason: 'NodeLost' }] },
    }));

  it('lists the pods of a Service, with their named ports, nodes and zones, in a slice and in Endpoints', async () => {
    await cluster.store.modify('nodes', '', 'node-1', (node) => ({
      ...node,
      metadata: { ...node.metadata, labels: { ...node.metadata.labels, 'topology.kubernetes.io/zone': 'east' } },
    }));
    await create(
      aServer('a', '10.0.0.1'),
      aServer('b', '10.0.0.2', { ready: false }),
      aServer('c', '10.0.0.3', { labels: {} }),
    );
    await create(aService());
    await cluster.until('Endpoints are there', () => endpoints()?.subsets !== undefined);
    const [slice, ...others] = slices();
    assert.equal(others.length, 0);
    const [pod] = cluster.pods().filter(({ metadata }) => metadata.name === 'a');
    const targetRef = { kind: 'Pod', namespace: 'default', name: 'a', uid: pod?.metadata.uid };
    const conditions = { ready: true, serving: true, terminating: false };
    assert.deepEqual(
      slice?.endpoints.find(({ addresses }) => addresses[0] === '10.0.0.1'),
      {
        addresses: ['10.0.0.1'],
        conditions,
        nodeName: 'node-1',
        zone: 'east',
        targetRef,
      },
    );
    assert.deepEqual(places()['10.0.0.2'], { ready: false, serving: false, terminating: false });
    assert.deepEqual(slice?.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }]);
    assert.deepEqual(slice?.metadata.labels, {
      team: 'shop',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    });
    assert.match(slice?.metadata.name ?? '', /^web-[a-z0-9]{5}$/);
    assert.equal(slice?.metadata.ownerReferences?.[0]?.kind, 'Service');
    const subset = endpoints()?.subsets?.[0];
    assert.deepEqual(subset?.addresses, [{ ip: '10.0.0.1', nodeName: 'node-1', targetRef }]);
    assert.deepEqual(
      subset?.notReadyAddresses?.map(({ ip }) => ip),
      ['10.0.0.2'],
    );
    assert.deepEqual(subset?.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }]);
  });

  it('follows readiness, deletion, the end of pods, and their labels', async () => {
    await create(aService(), aServer('a', '10.0.0.1'), aServer('b', '10.0.0.2'));
    await cluster.until('both are ready', () => Object.keys(places()).length === 2);
    await setReady('a', 'False');
    await cluster.until('one is not', () => (places()['10.0.0.1'] as { ready?: boolean }).ready === false);
    await cluster.delete('pods', 'default', 'b');
    const ending = { ready: false, serving: true, terminating: true };
    await cluster.until('the other ends', () => (places()['10.0.0.2'] as typeof ending).terminating);
    assert.deepEqual(places()['10.0.0.2'], ending);
    await cluster.until('Endpoints do not list it', () => !JSON.stringify(endpoints()).includes('10.0.0.2'));
    await cluster.store.modify<PodObject>('pods', 'default', 'a', (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, labels: {} },
    }));
    await cluster.store.remove('pods', 'default', 'b');
    await cluster.until('nothing is left', () => Object.keys(places()).length === 0);
    assert.equal(slices().length, 1);
    await cluster.until('Endpoints are empty', () => endpoints()?.subsets === undefined);
  });

  it('keeps pods with another number of the same port apart, and leaves out what has no such port', async () => {
    const none = aServer('none', '10.0.0.3', { port: 9090 });
    none.spec!.containers[0]!.ports = [];
    await create(aService(), aServer('old', '10.0.0.1'), aServer('new', '10.0.0.2', { port: 9090 }), none);
    await cluster.until('three slices', () => slices().length === 3);
    const byPort = Object.fromEntries(
      slices().map(({ ports, endpoints: list }) => [String(ports?.[0]?.port), list[0]?.addresses[0]]),
    );
    assert.deepEqual(byPort, { 8080: '10.0.0.1', 9090: '10.0.0.2', undefined: '10.0.0.3' });
    await cluster.until('two subsets', () => endpoints()?.subsets?.length === 2);
    assert.doesNotMatch(JSON.stringify(endpoints()), /10\.0\.0\.3/);
  });

  it('names pods of a headless Service, and publishes those that are not ready when asked to', async () => {
    const spec = { hostname: 'db-0', subdomain: 'web' };
    await create(aServer('db-0', '10.0.0.1', { ready: false, spec }));
    await create(aService({ clusterIP: 'None', publishNotReadyAddresses: true }));
    await cluster.until('it is published', () => endpoints()?.subsets?.[0]?.addresses?.length === 1);
    const [slice] = slices();
    assert.equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], '');
    assert.equal(slice?.endpoints[0]?.hostname, 'db-0');
    assert.deepEqual(slice?.endpoints[0]?.conditions, { ready: true, serving: false, terminating: false });
    assert.equal(endpoints()?.subsets?.[0]?.addresses?.[0]?.hostname, 'db-0');
  });

  it('shows Endpoints made by hand as slices, and takes both away with the Service', async () => {
    const { spec, ...service } = aService({ clusterIP: '10.96.0.11' }, 'outside');
    const { selector: _none, ...selectorless } = spec ?? {};
    await create({ ...service, spec: selectorless } as KubeObject);
    const subsets = [{ addresses: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }], ports: [{ port: 5432 }] }];
    const metadata = { name: 'outside', namespace: 'default', labels: { by: 'hand' } };
    await cluster.store.create('endpoints', { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets } as KubeObject);
    await cluster.until('two families', () => slices('outside').length === 2);
    const [first] = slices('outside').filter(({ addressType }) => addressType === 'IPv4');
    assert.deepEqual(first?.endpoints, [{ addresses: ['192.0.2.1'], conditions: { ready: true } }]);
    assert.deepEqual(first?.metadata.labels, {
      by: 'hand',
      'kubernetes.io/service-name': 'outside',
      'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
    });
    await cluster.store.modify<EndpointsObject>('endpoints', 'default', 'outside', (object) => ({
      ...object,
      metadata: { ...object.metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    }));
    await cluster.until('not any more', () => slices('outside').length === 0);
    await cluster.store.modify<EndpointsObject>('endpoints', 'default', 'outside', (object) => ({
      ...object,
      metadata: { ...object.metadata, labels: {} },
    }));
    await cluster.until('two families again', () => slices('outside').length === 2);
    await cluster.delete('services', 'default', 'outside');
    await cluster.until('the Endpoints are gone', () => endpoints('outside') === undefined);
  });

  it('writes nothing when nothing of interest has changed, and mends what somebody else changed', async () => {
    await create(aService(), aServer('a', '10.0.0.1'));
    await cluster.until('Endpoints are there', () => endpoints()?.subsets !== undefined);
    const versions = (): unknown[] => [endpoints(), ...slices()].map((each) => each?.metadata.resourceVersion);
    const before = versions();
    await cluster.store.modify<PodObject>('pods', 'default', 'a', (pod) => ({
      ...pod,
      status: { ...pod.status, message: 'something else' },
    }));
    await cluster.pass(1000);
    assert.deepEqual(versions(), before);
    const [slice] = slices();
    await cluster.delete(slicesResource, 'default', slice?.metadata.name ?? '');
    await cluster.delete('endpoints', 'default', 'web');
    await cluster.until('both are back', () => slices().length === 1 && endpoints()?.subsets !== undefined);
  });
});
