import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../api/harness.ts';

const aggregated = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

/** group/version, then its resources with what users may call them. */
const shortNames: Readonly<Record<string, string>> = {
  pods: 'po',
  services: 'svc',
  configmaps: 'cm',
  nodes: 'no',
  namespaces: 'ns',
  events: 'ev',
  endpoints: 'ep',
  serviceaccounts: 'sa',
  persistentvolumeclaims: 'pvc',
  persistentvolumes: 'pv',
  replicationcontrollers: 'rc',
  resourcequotas: 'quota',
  limitranges: 'limits',
  'deployments.apps': 'deploy',
  'replicasets.apps': 'rs',
  'statefulsets.apps': 'sts',
  'daemonsets.apps': 'ds',
  'cronjobs.batch': 'cj',
  'horizontalpodautoscalers.autoscaling': 'hpa',
  'poddisruptionbudgets.policy': 'pdb',
  'ingresses.networking.k8s.io': 'ing',
  'networkpolicies.networking.k8s.io': 'netpol',
  'priorityclasses.scheduling.k8s.io': 'pc',
  'storageclasses.storage.k8s.io': 'sc',
};

const inAll = [
  'pods',
  'services',
  'replicationcontrollers',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'horizontalpodautoscalers.autoscaling',
];

const streams = ['log', 'exec', 'attach', 'portforward', 'proxy'];
const subresources: Readonly<Record<string, readonly string[]>> = {
  pods: [...streams, 'status', 'eviction', 'binding', 'ephemeralcontainers', 'resize'],
  services: ['status', 'proxy'],
  nodes: ['status', 'proxy'],
  namespaces: ['status', 'finalize'],
  serviceaccounts: ['token'],
  replicationcontrollers: ['status', 'scale'],
  persistentvolumes: ['status'],
  persistentvolumeclaims: ['status'],
  resourcequotas: ['status'],
  'deployments.apps': ['status', 'scale'],
  'replicasets.apps': ['status', 'scale'],
  'statefulsets.apps': ['status', 'scale'],
  'daemonsets.apps': ['status'],
  'jobs.batch': ['status'],
  'cronjobs.batch': ['status'],
  'horizontalpodautoscalers.autoscaling': ['status'],
  'poddisruptionbudgets.policy': ['status'],
  'ingresses.networking.k8s.io': ['status'],
};

/** Kinds that a subresource takes or gives when it is not that of its resource. */
const otherKinds: Readonly<Record<string, string>> = {
  'pods/eviction': 'policy/v1 Eviction',
  'pods/binding': '/v1 Binding',
  'pods/exec': '/v1 PodExecOptions',
  'pods/attach': '/v1 PodAttachOptions',
  'pods/portforward': '/v1 PodPortForwardOptions',
  'serviceaccounts/token': 'authentication.k8s.io/v1 TokenRequest',
  'deployments.apps/scale': 'autoscaling/v1 Scale',
  'replicasets.apps/scale': 'autoscaling/v1 Scale',
  'statefulsets.apps/scale': 'autoscaling/v1 Scale',
  'replicationcontrollers/scale': 'autoscaling/v1 Scale',
};

const groups = [
  'apps/v1',
  'batch/v1',
  'autoscaling/v2',
  'autoscaling/v1',
  'policy/v1',
  'networking.k8s.io/v1',
  'discovery.k8s.io/v1',
  'coordination.k8s.io/v1',
  'events.k8s.io/v1',
  'scheduling.k8s.io/v1',
  'storage.k8s.io/v1',
  'rbac.authorization.k8s.io/v1',
  'authentication.k8s.io/v1',
  'authorization.k8s.io/v1',
  'metrics.k8s.io/v1beta1',
];

describe('contract: discovery', () => {
  let api: ApiHarness;
  const resources = new Map<string, Json>();
  const seen: string[] = [];

  before(async () => {
    api = await ApiHarness.start();
    for (const root of ['/api', '/apis']) {
      const { json } = await api.call('GET', root, { headers: { accept: aggregated('v2') } });
      for (const { metadata, versions } of json.items) {
        const group = (metadata.name as string | undefined) ?? '';
        for (const { version, resources: rows } of versions) {
          if (group !== '') seen.push(`${group}/${version}`);
          for (const row of rows) {
            const name = group === '' ? row.resource : `${row.resource}.${group}`;
            if (!resources.has(name)) resources.set(name, row);
          }
        }
      }
    }
  });
  after(() => api?.stop());

  const rowOf = (name: string): Json => resources.get(name) ?? assert.fail(`${name} is not in discovery`);

  it('serves every group version, the preferred one of a group first', () => {
    assert.deepEqual(
      groups.filter((each) => !seen.includes(each)),
      [],
    );
    assert.ok(seen.indexOf('autoscaling/v2') < seen.indexOf('autoscaling/v1'));
  });

  for (const [name, short] of Object.entries(shortNames))
    it(`knows ${name} as ${short}`, () => assert.deepEqual(rowOf(name).shortNames, [short]));

  it('lists the kinds of get all', () => {
    const listed = [...resources].filter(([, row]) => row.categories?.includes('all')).map(([name]) => name);
    assert.deepEqual(listed.sort(), [...inAll].sort());
  });

  for (const [name, expected] of Object.entries(subresources))
    it(`has the parts of ${name}`, () => {
      const found = (rowOf(name).subresources as Json[]).map(({ subresource }) => subresource as string);
      assert.deepEqual(found.sort(), [...expected].sort());
    });

  for (const [path, expected] of Object.entries(otherKinds))
    it(`says that ${path} is of kind ${expected}`, () => {
      const [name = '', part] = path.split('/');
      const row = (rowOf(name).subresources as Json[]).find(({ subresource }) => subresource === part);
      const { group, version, kind } = row.responseKind;
      assert.equal(`${group}/${version} ${kind}`, expected);
    });
});
