import type { FieldSchema, TypeSchema } from '../schema.ts';

const prefix = 'io.k8s.api.metrics.v1beta1';
const usage: FieldSchema = {
  type: 'map',
  items: { type: 'quantity' },
  description: 'What is used of each resource: cpu and memory.',
};
const common = {
  apiVersion: { type: 'string', description: 'Version of the schema of this object.' },
  kind: { type: 'string', description: 'Kind of this object.' },
  metadata: { type: 'object', ref: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
  timestamp: { type: 'time', description: 'The end of the time over which it was measured.' },
  window: { type: 'string', description: 'How long that time was, as 15s.' },
} as const satisfies Record<string, FieldSchema>;

const types: readonly TypeSchema[] = [
  {
    name: `${prefix}.NodeMetrics`,
    description: 'What a node uses.',
    fields: { ...common, usage },
    required: ['timestamp', 'window', 'usage'],
  },
  {
    name: `${prefix}.PodMetrics`,
    description: 'What the running containers of a pod use.',
    fields: {
      ...common,
      containers: {
        type: 'array',
        items: { type: 'object', ref: `${prefix}.ContainerMetrics` },
        description: 'Each running container.',
      },
    },
    required: ['timestamp', 'window', 'containers'],
  },
  {
    name: `${prefix}.ContainerMetrics`,
    description: 'What one container uses.',
    fields: { name: { type: 'string', description: 'Name of the container.' }, usage },
    required: ['name', 'usage'],
  },
];

/** The types of `metrics.k8s.io`, which the package of the other types does not have. */
export const measuredTypes: ReadonlyMap<string, TypeSchema> = new Map(types.map((type) => [type.name, type]));
