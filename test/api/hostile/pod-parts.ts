import { pods, type, type Row } from './row.ts';

const strategic = type('application/strategic-merge-patch+json');
const evict = (body: unknown): Row[3] => ({ body });
const debug = (container: object): Row[3] => ({ body: { spec: { ephemeralContainers: [container] } }, ...strategic });
const measured = '/apis/metrics.k8s.io/v1beta1';

/** Requests to evict, debug, measure and proxy that must be refused. */
export const refusedPodParts: Row[] = [
  ['eviction of no pod', 'POST', `${pods}/absent/eviction`, evict({ metadata: { name: 'absent' } })],
  ['eviction under another name', 'POST', `${pods}/bound/eviction`, evict({ metadata: { name: 'other' } })],
  ['eviction of another kind', 'POST', `${pods}/bound/eviction`, evict({ kind: 'Pod', apiVersion: 'v1' })],
  [
    'eviction of an old version',
    'POST',
    `${pods}/bound/eviction`,
    evict({ kind: 'Eviction', apiVersion: 'policy/v1beta1' }),
  ],
  ['eviction as a list', 'POST', `${pods}/bound/eviction`, evict('[]')],
  ['eviction as text', 'POST', `${pods}/bound/eviction`, evict('"x"')],
  ['eviction with options as text', 'POST', `${pods}/bound/eviction`, evict({ deleteOptions: 'now' })],
  [
    'eviction with a negative grace',
    'POST',
    `${pods}/bound/eviction`,
    evict({ deleteOptions: { gracePeriodSeconds: -1 } }),
  ],
  [
    'eviction with a bad policy',
    'POST',
    `${pods}/bound/eviction`,
    evict({ deleteOptions: { propagationPolicy: 'Up' } }),
  ],
  [
    'eviction with a wrong uid',
    'POST',
    `${pods}/bound/eviction`,
    evict({ deleteOptions: { preconditions: { uid: 'x' } } }),
  ],
  ['eviction with a bad dry run', 'POST', `${pods}/bound/eviction?dryRun=Some`, evict({})],
  ['GET of an eviction', 'GET', `${pods}/bound/eviction`, {}],
  ['PUT of an eviction', 'PUT', `${pods}/bound/eviction`, evict({})],
  ['ephemeral containers of no pod', 'PATCH', `${pods}/absent/ephemeralcontainers`, debug({ name: 'a', image: 'a' })],
  ['an ephemeral container without a name', 'PATCH', `${pods}/bound/ephemeralcontainers`, debug({ image: 'a' })],
  ['an ephemeral container without an image', 'PATCH', `${pods}/bound/ephemeralcontainers`, debug({ name: 'a' })],
  [
    'an ephemeral container with a bad name',
    'PATCH',
    `${pods}/bound/ephemeralcontainers`,
    debug({ name: '../a', image: 'a' }),
  ],
  [
    'an ephemeral container with a port',
    'PATCH',
    `${pods}/bound/ephemeralcontainers`,
    debug({ name: 'a', image: 'a', ports: [{ containerPort: 1 }] }),
  ],
  [
    'an ephemeral container with a hook',
    'PATCH',
    `${pods}/bound/ephemeralcontainers`,
    debug({ name: 'a', image: 'a', lifecycle: { preStop: { exec: { command: ['a'] } } } }),
  ],
  [
    'an ephemeral container for no target',
    'PATCH',
    `${pods}/bound/ephemeralcontainers`,
    debug({ name: 'a', image: 'a', targetContainerName: '__proto__' }),
  ],
  [
    'an ephemeral container with no volume',
    'PATCH',
    `${pods}/bound/ephemeralcontainers`,
    debug({ name: 'a', image: 'a', volumeMounts: [{ name: 'x', mountPath: '/x' }] }),
  ],
  [
    'ephemeral containers as text',
    'PATCH',
    `${pods}/bound/ephemeralcontainers`,
    { body: { spec: { ephemeralContainers: 'x' } }, ...strategic },
  ],
  ['POST to ephemeral containers', 'POST', `${pods}/bound/ephemeralcontainers`, { body: {} }],
  ['ephemeral containers of a new pod by the pod', 'PATCH', `${pods}/bound`, debug({ name: 'a', image: 'a' })],
  ['POST of metrics', 'POST', `${measured}/namespaces/default/pods`, { body: {} }],
  ['watch of metrics', 'GET', `${measured}/nodes?watch=1`, {}],
  ['metrics of no pod', 'GET', `${measured}/namespaces/default/pods/absent`, {}],
  ['metrics of a kind without', 'GET', `${measured}/services`, {}],
  ['metrics by a bad selector', 'GET', `${measured}/nodes?labelSelector=a%3D%3D%3Db`, {}],
  ['metrics by a field they lack', 'GET', `${measured}/namespaces/default/pods?fieldSelector=spec.nodeName%3Dx`, {}],
  ['proxy to no pod', 'GET', `${pods}/absent:80/proxy/`, {}],
  ['proxy to a pod with another scheme', 'GET', `${pods}/file:bound:80/proxy/`, {}],
  ['proxy to a pod with too many parts', 'GET', `${pods}/http:bound:80:1/proxy/`, {}],
  ['proxy to a pod without a name', 'GET', `${pods}/:80/proxy/`, {}],
  ['proxy to a pod whose name is a path', 'GET', `${pods}/..%2Fx:80/proxy/`, {}],
  ['proxy to no service', 'GET', '/api/v1/namespaces/default/services/absent/proxy/x', {}],
  ['proxy to no node', 'GET', '/api/v1/nodes/absent/proxy/pods', {}],
  ['proxy to a kind that has none', 'GET', '/api/v1/namespaces/default/configmaps/seed/proxy/x', {}],
];
