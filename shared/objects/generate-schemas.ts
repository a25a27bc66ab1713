/**
 * Writes `generated/schemas.json` from the model files of the development dependency @kubernetes/client-node:
 * `node shared/objects/generate-schemas.ts`. To add a kind, name its class in `roots` and its group in `groups`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Classes that clients send or ask for; every type they reach is written too. */
const roots = [
  ...['Namespace', 'Node', 'Pod', 'ConfigMap', 'Secret', 'ServiceAccount', 'Service', 'Endpoints'].map(inV1),
  ...['PersistentVolume', 'PersistentVolumeClaim', 'ReplicationController', 'PodTemplate'].map(inV1),
  ...['ResourceQuota', 'LimitRange', 'Binding', 'Lease', 'EndpointSlice', 'Scale', 'PodDisruptionBudget'].map(inV1),
  ...['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'ControllerRevision', 'Job', 'CronJob'].map(inV1),
  ...['Ingress', 'IngressClass', 'NetworkPolicy', 'PriorityClass', 'StorageClass', 'RuntimeClass'].map(inV1),
  ...['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'].map(inV1),
  ...['DeleteOptions', 'Status', 'ListMeta', 'Eviction'].map(inV1),
  ...['SelfSubjectReview', 'TokenReview', 'SelfSubjectAccessReview', 'SelfSubjectRulesReview'].map(inV1),
  ...['SubjectAccessReview', 'LocalSubjectAccessReview'].map(inV1),
  'AuthenticationV1TokenRequest',
  'CoreV1Event',
  'V2HorizontalPodAutoscaler',
  'V1HorizontalPodAutoscaler',
  'EventsV1Event',
];

function inV1(name: string): string {
  return `V1${name}`;
}

const meta = 'apimachinery.pkg.apis.meta';

/** Which package a class belongs to: the first row whose pattern fits its name without the version. */
const groups: readonly [RegExp, string][] = [
  [/^(ObjectMeta|ListMeta|ShardInfo|OwnerReference|ManagedFieldsEntry|DeleteOptions|Preconditions)$/, meta],
  [/^(LabelSelector|LabelSelectorRequirement|Status|StatusDetails|StatusCause)$/, meta],
  [/^(Condition|FieldSelectorRequirement)$/, meta],
  [
    /^(Authentication|TokenReview|TokenRequest|SelfSubjectReview|UserInfo$|BoundObjectReference$)/,
    'api.authentication',
  ],
  [/^((Self|Local)?Subject(Access|Rules)|(NonResource|Resource)(Attributes|Rule)$)/, 'api.authorization'],
  [/^(FieldSelector|LabelSelector)Attributes$/, 'api.authorization'],
  [/^(Deployment|ReplicaSet|StatefulSet|DaemonSet|ControllerRevision|RollingUpdate)/, 'api.apps'],
  [/^(Job|CronJob|PodFailurePolicy|SuccessPolicy|UncountedTerminatedPods)/, 'api.batch'],
  [/^Lease/, 'api.coordination'],
  [/^(Scale(Spec|Status)?$|HorizontalPodAutoscaler|HPAScaling|CrossVersion|Metric)/, 'api.autoscaling'],
  [/Metric(Source|Status)$/, 'api.autoscaling'],
  [/^(PodDisruptionBudget|Eviction$)/, 'api.policy'],
  [/^(Ingress|NetworkPolicy|HTTPIngress|IPBlock$|ServiceBackendPort$)/, 'api.networking'],
  [/^Events/, 'api.events'],
  [/^(Discovery|Endpoint(Slice|Conditions|Hints)?$|ForZone$|ForNode$)/, 'api.discovery'],
  [/^PriorityClass/, 'api.scheduling'],
  [/^StorageClass/, 'api.storage'],
  [/^(RuntimeClass|Overhead|Scheduling)$/, 'api.node'],
  [/^(Rbac|Role|ClusterRole|PolicyRule$|AggregationRule$)/, 'api.rbac'],
  [/^/, 'api.core'],
];

/** A field as the file keeps it: `t` type, `d` description, `r` whether it is required. */
export interface GeneratedField {
  /** `string`, `integer:int32`, `time`; `[]` before an element, `{}` before the values of a map, `&` before a type's name. */
  t: string;
  d?: string;
  r?: 1;
}

export interface GeneratedSchemas {
  source: { package: string; version: string; release: string };
  types: Record<string, { d: string; f: Record<string, GeneratedField> }>;
}

interface Attribute {
  name: string;
  baseName: string;
  type: string;
  format: string;
}

/** Reads the installed package. */
export function generateSchemas(): GeneratedSchemas {
  const name = '@kubernetes/client-node';
  const dist = dirname(fileURLToPath(import.meta.resolve(name)));
  const { version } = JSON.parse(readFileSync(join(dist, '..', 'package.json'), 'utf8')) as { version: string };
  const models = join(dist, 'gen', 'models');
  const types: GeneratedSchemas['types'] = {};
  const queue = [...roots];
  let release = '';
  for (let model = queue.pop(); model !== undefined; model = queue.pop()) {
    if (types[schemaName(model)]) continue;
    const declarations = readFileSync(join(models, `${model}.d.ts`), 'utf8');
    const attributes = readAttributes(readFileSync(join(models, `${model}.js`), 'utf8'));
    types[schemaName(model)] = describe(declarations, attributes);
    queue.push(...attributes.map(({ type }) => modelIn(type)).filter((found) => found !== undefined));
    release = /spec version: (\S+)/.exec(declarations)?.[1] ?? release;
  }
  const sorted = Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { source: { package: name, version, release }, types: sorted };
}

function readAttributes(source: string): Attribute[] {
  const text = /attributeTypeMap = (\[.*?\n\]);/s.exec(source)?.[1] ?? '[]';
  return JSON.parse(text) as Attribute[];
}

function describe(declarations: string, attributes: readonly Attribute[]): GeneratedSchemas['types'][string] {
  const f: Record<string, GeneratedField> = {};
  for (const attribute of attributes) {
    const field = new RegExp(`(?:/\\*\\*\\n([^/]*(?:/(?<!\\*/)[^/]*)*)\\*/\\n\\s*)?'${attribute.name}'(\\??):`);
    const [, comment, optional] = field.exec(declarations) ?? [];
    const entry: GeneratedField = { t: typeText(attribute) };
    if (comment !== undefined) entry.d = cleanComment(comment);
    if (optional === '') entry.r = 1;
    f[attribute.baseName] = entry;
  }
  const comment = /\/\*\*\n((?:(?!\*\/)[\s\S])*)\*\/\nexport declare class/.exec(declarations)?.[1] ?? '';
  return { d: cleanComment(comment), f };
}

function cleanComment(comment: string): string {
  return comment
    .replaceAll(/^\s*\* ?/gm, '')
    .replaceAll(/\\(['"])/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function typeText({ type, format }: Pick<Attribute, 'type' | 'format'>): string {
  const array = /^Array<(.*)>$/.exec(type)?.[1];
  if (array !== undefined) return `[]${typeText({ type: array, format })}`;
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map !== undefined) return `{}${typeText({ type: map, format })}`;
  switch (type) {
    case 'string':
      return format === 'byte' ? 'bytes' : 'string';
    case 'number':
      return format.startsWith('int') ? `integer:${format}` : `number:${format || 'double'}`;
    case 'boolean':
    case 'any':
      return type;
    case 'Date':
      return 'time';
    case 'V1MicroTime':
      return 'micro-time';
    case 'IntOrString':
      return 'int-or-string';
    default:
      return `&${schemaName(type)}`;
  }
}

/** The class that a type text mentions, if it is one that has a file. */
function modelIn(type: string): string | undefined {
  const name = /[A-Z][A-Za-z0-9]+(?=>?;?( \})?$)/.exec(type)?.[0];
  return name === undefined || ['Date', 'IntOrString', 'V1MicroTime', 'Array'].includes(name) ? undefined : name;
}

/** Some classes carry their group, because another group has one of the same name. */
function schemaName(model: string): string {
  const [, prefix = '', version = '1', name = model] =
    /^(Core|Discovery|Events|Rbac|Authentication)?V([12])(.*)$/.exec(model) ?? [];
  const [, group] = groups.find(([pattern]) => pattern.test(prefix + name)) ?? [];
  return `io.k8s.${group}.v${version}.${name}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(import.meta.dirname, 'generated', 'schemas.json');
  writeFileSync(file, `${JSON.stringify(generateSchemas(), null, 1)}\n`);
}
