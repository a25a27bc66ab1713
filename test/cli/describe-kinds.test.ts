import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Kubectl, needsKubectl } from '../api/kubectl.ts';
import { ControlPlane } from './control-plane.ts';

const manifests = join(import.meta.dirname, 'described-kinds.yaml');

/** What kubectl says in words or places of its own, and Berth otherwise or not at all. */
const kubectlOnly = [
  /^Creat/,
  /^Spec:$/,
  /^Finalizers: +\[]/,
  /^ *\* ?Matches all pods/,
  /^[- ]*$/,
  /^ *Not affecting egress traffic/,
  /^ *Required Terms:/,
  /^ {4}(Type|ReadOnly|HostPathType):/,
  /^ {2}Name: +(data|cap)$/,
  /^Annotations: .*=/,
  /^\s*- Addresses:|^ {4}(Conditions|Hostname|NodeName|Zone|Ready):|^ {6}Ready:/,
];

const kinds = [
  ['deployments', 'StrategyType: +RollingUpdate'],
  ['replicasets', 'Pods Status: +0 Running / 2 Waiting'],
  ['statefulsets', 'Update Strategy: +RollingUpdate'],
  ['daemonsets', 'Node-Selector: +disk=ssd'],
  ['jobs', 'Pods Statuses: +0 Active'],
  ['cronjobs', 'Schedule: +0 3'],
  ['services', 'Endpoints: +10\\.0\\.0\\.5:8080'],
  ['persistentvolumeclaims', 'Used By: +<none>'],
  ['persistentvolumes', 'Access Modes: +RWO,ROX'],
  ['storageclasses', 'IsDefaultClass: +Yes'],
  ['ingresses', 'web:http \\(10\\.0\\.0\\.5:8080\\)'],
  ['ingressclasses', 'Controller: +example.com/nginx'],
  ['networkpolicies', 'NamespaceSelector: +team=a'],
  ['horizontalpodautoscalers', '<unknown> / 60%'],
  ['poddisruptionbudgets', 'Allowed disruptions: +0'],
  ['serviceaccounts', 'reg \\(not found\\)'],
  ['roles', 'pods\\.apps +\\[\\] +\\[\\] +\\[get list\\]'],
  ['clusterroles/looker', '\\[/metrics\\]'],
  ['rolebindings', 'ServiceAccount +robot +default'],
  ['clusterrolebindings/looks', 'Group +ops'],
  ['resourcequotas', 'Scopes: +NotTerminating'],
  ['limitranges', 'Container +cpu +100m +2 +200m +500m +4'],
  ['priorityclasses/high', 'Value: +1000'],
  ['namespaces/default', 'Status: +Active'],
  ['endpoints', 'NotReadyAddresses: +<none>'],
  ['endpointslices', 'AddressType: +IPv4'],
] as const;

describe('berth describe of every kind', () => {
  let plane: ControlPlane;
  let kubectl: Kubectl;

  before(async function () {
    needsKubectl(this);
    plane = await ControlPlane.start();
    kubectl = await Kubectl.for({ directory: plane.directory, kubeconfig: () => Promise.resolve(plane.kubeconfig) });
    await plane.ok(['create', '-f', manifests]);
    await plane.ok('wait rs --all --for jsonpath={.status.replicas}=2 --timeout 10s');
  });
  after(() => plane?.stop());

  for (const [words, pattern] of kinds) {
    it(`tells of ${words} all that kubectl tells`, async () => {
      const [told, kubectlTold] = await Promise.all([plane.ok(`describe ${words}`), kubectl.ok(`describe ${words}`)]);
      const known = new Set(told.split('\n').map(essence));
      const wanted = withoutBlocks(kubectlTold).filter((line) => !kubectlOnly.some((pattern) => pattern.test(line)));
      assert.deepEqual(
        wanted.filter((line) => !known.has(essence(line))),
        [],
        told,
      );
      assert.match(told, new RegExp(pattern));
    });
  }

  it('shows sizes of secrets, never what is in them', async () => {
    const told = await plane.ok('describe secret pass');
    assert.match(told, /Type: +Opaque\nData:\n +token: +5 bytes\n/);
    assert.doesNotMatch(told, /hello|aGVsbG8/);
  });

  it('shows what the pods of a node ask for', async () => {
    await plane.ok(['create', '-f', await plane.file('asking.json', JSON.stringify(asking))]);
    const told = await plane.ok('describe node n1');
    assert.match(told, /Roles: +worker\n/);
    assert.match(told, /Non-terminated Pods \(1 in total\):\n[^]*default +asking +1500m \(0%\) +0 \(0%\) +64Mi \(0%\)/);
    assert.match(told, /Allocated resources:\n[^]*memory +64Mi \(0%\) +128Mi \(0%\)\n/);
  });
});

const asking = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'asking' },
  spec: {
    nodeName: 'n1',
    containers: [
      {
        name: 'main',
        image: 'hello:1',
        resources: { requests: { cpu: '1500m', memory: '64Mi' }, limits: { memory: '128Mi' } },
      },
    ],
  },
};

/** A line without what only moves words about: case, spaces, colons. */
function essence(line: string): string {
  return line.toLowerCase().replaceAll(/[\s:]/g, '');
}

/** Lines without pod templates and events, which have layouts of their own, and without conditions, which have a time too. */
function withoutBlocks(text: string): string[] {
  let isWithin = false;
  return text.split('\n').filter((line) => {
    if (/^\S/.test(line)) isWithin = /^(Pod Template|Events|Conditions):/.test(line);
    return !isWithin && line.trim() !== '';
  });
}
