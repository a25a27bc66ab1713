import assert from 'node:assert/strict';
import { Authorizer } from '../../controller/api/access/authorizer.ts';
import type { ExtensionRoute } from '../../controller/api/deps.ts';
import { targetRoutes } from '../../controller/target-routes.ts';
import { ApiHarness, type Json } from '../api/harness.ts';

const path = '/berth/v1/targets';

/** With the prefix that all names have here but `instance`. */
function meta(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`__meta_kubernetes_${name}`, value]));
}

describe('targets for Prometheus', () => {
  let api: ApiHarness;
  let uid = '';

  before(async () => {
    const routes: ExtensionRoute[] = [];
    api = await ApiHarness.start({ routes });
    routes.push(...targetRoutes(api.store, new Authorizer(api.store)));
    const create = async (where: string, body: object): Promise<Json> => {
      const { code, json, text } = await api.call('POST', where, { body });
      assert.equal(code, 201, text);
      return json;
    };
    const core = '/api/v1/namespaces/default';
    const { metadata } = await create(`${core}/pods`, {
      metadata: {
        name: 'web',
        labels: { app: 'shop', 'app.kubernetes.io/name': 'web' },
        annotations: { 'prometheus.io/scrape': 'true' },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-1', uid: 'u', controller: true }],
      },
      spec: {
        initContainers: [{ name: 'first', image: 'init:1' }],
        containers: [
          {
            name: 'main',
            image: 'web:1',
            ports: [
              { name: 'http', containerPort: 8080 },
              { containerPort: 53, protocol: 'UDP' },
            ],
          },
        ],
      },
    });
    uid = metadata.uid;
    await create(`${core}/pods`, { metadata: { name: 'waits' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    await api.store.modify('pods', 'default', 'web', (pod) => ({
      ...pod,
      spec: { ...(pod as Json).spec, nodeName: 'n1' },
      status: {
        phase: 'Running',
        podIP: '10.1.0.5',
        hostIP: '192.0.2.1',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [{ name: 'main', containerID: 'oci://abc' }],
      },
    }));
    await create(`${core}/services`, {
      metadata: { name: 'shop', labels: { tier: 'front' } },
      spec: { clusterIP: '10.96.7.7', ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    });
    const targetRef = { kind: 'Pod', name: 'web', namespace: 'default' };
    await create(`${core}/endpoints`, {
      metadata: { name: 'shop' },
      subsets: [
        {
          addresses: [{ ip: '10.1.0.5', nodeName: 'n1', targetRef }],
          notReadyAddresses: [{ ip: '10.1.0.9' }],
          ports: [{ name: 'http', port: 8080 }],
        },
      ],
    });
    await create('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'shop-1', labels: { 'kubernetes.io/service-name': 'shop' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.0.9'], conditions: { ready: true }, nodeName: 'n1' }],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    });
    await create('/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
      metadata: { name: 'site' },
      spec: {
        ingressClassName: 'main',
        tls: [{ hosts: ['*.example.com'] }],
        rules: [
          {
            host: 'www.example.com',
            http: {
              paths: [
                { path: '/a', pathType: 'Prefix', backend: { service: { name: 'shop', port: { number: 80 } } } },
                { path: '/b', pathType: 'Prefix', backend: { service: { name: 'shop', port: { number: 80 } } } },
              ],
            },
          },
          { host: 'example.com' },
        ],
      },
    });
    await create('/api/v1/nodes', { metadata: { name: 'n1' } });
    await api.store.modify('nodes', '', 'n1', (node) => ({
      ...node,
      status: {
        addresses: [
          { type: 'Hostname', address: 'host-1' },
          { type: 'InternalIP', address: '192.0.2.1' },
        ],
      },
    }));
  });
  after(() => api.stop());

  const read = async (role: string, query = ''): Promise<Json> => {
    const { code, json, text, headers } = await api.call('GET', `${path}/${role}${query}`);
    assert.deepEqual([code, headers['content-type']], [200, 'application/json'], text);
    return json;
  };
  const ofPod = (): Record<string, string> => ({
    namespace: 'default',
    pod_name: 'web',
    pod_uid: uid,
    pod_ip: '10.1.0.5',
    pod_host_ip: '192.0.2.1',
    pod_node_name: 'n1',
    pod_phase: 'Running',
    pod_ready: 'true',
    pod_controller_kind: 'ReplicaSet',
    pod_controller_name: 'web-1',
    pod_label_app: 'shop',
    pod_labelpresent_app: 'true',
    pod_label_app_kubernetes_io_name: 'web',
    pod_labelpresent_app_kubernetes_io_name: 'true',
    pod_annotation_prometheus_io_scrape: 'true',
    pod_annotationpresent_prometheus_io_scrape: 'true',
  });
  const main = {
    pod_container_name: 'main',
    pod_container_id: 'oci://abc',
    pod_container_image: 'web:1',
    pod_container_init: 'false',
  };
  const http = {
    pod_container_port_name: 'http',
    pod_container_port_number: '8080',
    pod_container_port_protocol: 'TCP',
  };
  const dns = { pod_container_port_name: '', pod_container_port_number: '53', pod_container_port_protocol: 'UDP' };
  const ofService = {
    namespace: 'default',
    service_name: 'shop',
    service_label_tier: 'front',
    service_labelpresent_tier: 'true',
  };

  it('of pods: each port of each container, and containers without a port', async () => {
    assert.deepEqual(await read('pod'), [
      { targets: ['10.1.0.5:8080'], labels: meta({ ...ofPod(), ...main, ...http }) },
      { targets: ['10.1.0.5:53'], labels: meta({ ...ofPod(), ...main, ...dns }) },
      {
        targets: ['10.1.0.5'],
        labels: meta({
          ...ofPod(),
          pod_container_name: 'first',
          pod_container_id: '',
          pod_container_image: 'init:1',
          pod_container_init: 'true',
        }),
      },
    ]);
  });

  it('of services: each port', async () => {
    const found = (await read('service')).filter(({ targets }: Json) => targets[0].startsWith('shop.'));
    const labels = meta({
      ...ofService,
      service_type: 'ClusterIP',
      service_cluster_ip: '10.96.7.7',
      service_port_name: 'http',
      service_port_number: '80',
      service_port_protocol: 'TCP',
    });
    assert.deepEqual(found, [{ targets: ['shop.default.svc:80'], labels }]);
  });

  it('of endpoints: each address with what is known of its pod, and the other ports of the pod', async () => {
    const common = { ...ofService, endpoints_name: 'shop' };
    const port = { endpoint_port_name: 'http', endpoint_port_protocol: 'TCP' };
    const ready = {
      ...port,
      endpoint_ready: 'true',
      endpoint_node_name: 'n1',
      endpoint_address_target_kind: 'Pod',
      endpoint_address_target_name: 'web',
    };
    assert.deepEqual(await read('endpoints', '?namespace=default'), [
      { targets: ['10.1.0.5:8080'], labels: meta({ ...common, ...ready, ...ofPod(), ...main, ...http }) },
      { targets: ['10.1.0.9:8080'], labels: meta({ ...common, ...port, endpoint_ready: 'false' }) },
      { targets: ['10.1.0.5:53'], labels: meta({ ...common, ...ofPod(), ...main, ...dns }) },
    ]);
  });

  it('of endpoint slices', async () => {
    const labels = meta({
      ...ofService,
      endpointslice_name: 'shop-1',
      endpointslice_label_kubernetes_io_service_name: 'shop',
      endpointslice_labelpresent_kubernetes_io_service_name: 'true',
      endpointslice_address_type: 'IPv4',
      endpointslice_endpoint_conditions_ready: 'true',
      endpointslice_endpoint_node_name: 'n1',
      endpointslice_port: '8080',
      endpointslice_port_name: 'http',
      endpointslice_port_protocol: 'TCP',
    });
    assert.deepEqual(await read('endpointslice'), [{ targets: ['10.1.0.9:8080'], labels }]);
  });

  it('of nodes, with the name as instance', async () => {
    const labels = {
      ...meta({
        node_name: 'n1',
        node_provider_id: '',
        node_address_InternalIP: '192.0.2.1',
        node_address_Hostname: 'host-1',
      }),
      instance: 'n1',
    };
    assert.deepEqual(await read('node', '?namespace=nowhere'), [{ targets: ['192.0.2.1:10250'], labels }]);
  });

  it('of ingresses: each path of each host, with the scheme that its certificates allow', async () => {
    const common = { namespace: 'default', ingress_name: 'site', ingress_class_name: 'main' };
    const at = (host: string, ingress_path: string, ingress_scheme: string): Json => ({
      targets: [host],
      labels: meta({ ...common, ingress_host: host, ingress_path, ingress_scheme }),
    });
    assert.deepEqual(await read('ingress'), [
      at('www.example.com', '/a', 'https'),
      at('www.example.com', '/b', 'https'),
      at('example.com', '/', 'http'),
    ]);
  });

  it('are for those who may list what they are made from, in the namespaces that they ask for', async () => {
    const get = (role: string, token: string | null = 'guest-token') => api.call('GET', `${path}/${role}`, { token });
    assert.equal((await get('pod', null)).code, 401);
    const refused = await get('pod');
    assert.equal(refused.code, 403);
    assert.match(refused.json.message, /^pods is forbidden: User "guest" cannot list resource "pods"/);
    const rbac = { apiGroup: 'rbac.authorization.k8s.io' };
    await api.call('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      body: {
        metadata: { name: 'guests' },
        roleRef: { ...rbac, kind: 'ClusterRole', name: 'view' },
        subjects: [{ ...rbac, kind: 'Group', name: 'guests' }],
      },
    });
    assert.equal((await get('pod')).code, 403);
    assert.equal((await get('pod?namespace=default')).json.length, 3);
    assert.equal((await get('endpoints?namespace=default')).code, 200);
    assert.equal((await get('pod?namespace=default&namespace=kube-system')).code, 403);
    assert.equal((await get('node?namespace=default')).code, 403);
  });

  it('are of known roles only', async () => {
    const { code, json } = await api.call('GET', `${path}/gadget`);
    assert.deepEqual([code, json.reason], [404, 'NotFound']);
    assert.match(json.message, /pod, service, endpoints, endpointslice, node, ingress/);
  });
});
