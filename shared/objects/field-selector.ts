import { ApiError } from '../errors.ts';
import { resourceName, type ResourceInfo } from './resources.ts';
import type {
  Event,
  Job,
  KubeObject,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  ReplicationController,
  Secret,
  Service,
} from './types.ts';

/** One condition of a field selector. */
export interface FieldRequirement {
  field: string;
  operator: '=' | '!=';
  value: string;
}

type Read<T> = (object: T) => string | number | boolean | undefined;

const ofPod: Record<string, Read<Pod>> = {
  'spec.nodeName': (pod) => pod.spec?.nodeName,
  'spec.restartPolicy': (pod) => pod.spec?.restartPolicy,
  'spec.schedulerName': (pod) => pod.spec?.schedulerName,
  'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName,
  'spec.hostNetwork': (pod) => pod.spec?.hostNetwork ?? false,
  'status.phase': (pod) => pod.status?.phase,
  'status.podIP': (pod) => pod.status?.podIP,
  'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName,
};

/** The object that an Event is about, under the name that a version has for it. */
function ofInvolved(prefix: string): Record<string, Read<Event>> {
  const fields = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const;
  return Object.fromEntries(
    fields.map((field) => [`${prefix}.${field}`, ({ involvedObject }: Event) => involvedObject[field]]),
  );
}

const ofEvent: Record<string, Read<Event>> = {
  ...ofInvolved('involvedObject'),
  reason: (event) => event.reason,
  reportingComponent: (event) => event.reportingComponent,
  source: (event) => event.source?.component || event.reportingComponent,
  type: (event) => event.type,
};

/**
 * Fields that can be selected besides metadata.name and metadata.namespace, by resource. A version of its own group
 * has other names for them, and reads the stored object all the same.
 */
const readers: Readonly<Record<string, Record<string, Read<never>>>> = {
  pods: ofPod,
  events: ofEvent,
  'events.events.k8s.io': {
    ...ofInvolved('regarding'),
    reason: (event: Event) => event.reason,
    reportingController: (event: Event) => event.reportingComponent,
    type: (event: Event) => event.type,
  },
  secrets: { type: (secret: Secret) => secret.type },
  nodes: { 'spec.unschedulable': (node: Node) => node.spec?.unschedulable ?? false },
  namespaces: { 'status.phase': (namespace: Namespace) => namespace.status?.phase },
  services: {
    'spec.clusterIP': (service: Service) => service.spec?.clusterIP,
    'spec.type': (service: Service) => service.spec?.type,
  },
  replicationcontrollers: {
    'status.replicas': (controller: ReplicationController) => controller.status?.replicas ?? 0,
  },
  'replicasets.apps': { 'status.replicas': (set: ReplicaSet) => set.status?.replicas ?? 0 },
  'jobs.batch': { 'status.successful': (job: Job) => job.status?.succeeded ?? 0 },
};

const ofAny: Record<string, Read<KubeObject>> = {
  'metadata.name': (object) => object.metadata.name,
  'metadata.namespace': (object) => object.metadata.namespace,
};

function findReader(info: ResourceInfo, field: string): Read<never> | undefined {
  const own = readers[resourceName(info)];
  if (own && Object.hasOwn(own, field)) return own[field];
  return Object.hasOwn(ofAny, field) ? ofAny[field] : undefined;
}

/** Reads `spec.nodeName=a,status.phase!=Running`; throws BadRequest, also for a field that this resource does not offer. */
export function parseFieldSelector(text: string, info: ResourceInfo): FieldRequirement[] {
  return splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/s.exec(term);
      const [, field = '', sign, value = ''] = match ?? [];
      if (!match) throw new ApiError('BadRequest', `invalid selector: '${text}'; can't understand '${term}'`);
      if (!findReader(info, field)) throw new ApiError('BadRequest', refusal(info, field));
      return { field, operator: sign === '!=' ? '!=' : '=', value: unescapeValue(value, text) };
    });
}

/** In the words that scripts know: a kind with fields of its own refuses others differently from one without. */
function refusal(info: ResourceInfo, field: string): string {
  const resource = resourceName(info);
  if (resource === 'jobs.batch') return `field label ${JSON.stringify(field)} not supported for batchv1.Job`;
  if (Object.hasOwn(readers, resource)) return `field label not supported: ${field}`;
  const known = Object.keys(ofAny).map((name) => JSON.stringify(name));
  return `${JSON.stringify(field)} is not a known field selector: only ${known.join(', ')}`;
}

/** Commas separate terms unless a backslash stands before them. */
function splitTerms(text: string): string[] {
  return text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? [];
}

function unescapeValue(value: string, text: string): string {
  if (/\\(?![\\,=])|(?<!\\)=/.test(value.replaceAll('\\\\', ''))) {
    throw new ApiError('BadRequest', `invalid selector: '${text}'; can't understand value '${value}'`);
  }
  return value.replaceAll(/\\([\\,=])/g, '$1');
}

/** Says whether an object of this resource satisfies every requirement. Absent fields count as ''. */
export function matchesFields(
  info: ResourceInfo,
  requirements: readonly FieldRequirement[],
  object: KubeObject,
): boolean {
  return requirements.every(({ field, operator, value }) => {
    const read = findReader(info, field) as Read<KubeObject> | undefined;
    const found = String(read?.(object) ?? '');
    return (found === value) === (operator === '=');
  });
}
