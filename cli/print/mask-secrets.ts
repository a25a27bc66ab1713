import type { KubeObject } from '../../shared/objects/types.ts';

type Values = Record<string, string>;
type Side = 'before' | 'after';

const mask = '***';
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Two states of an object; of a Secret without its values, which show only whether they differ. */
export function maskSecrets(
  before: KubeObject | undefined,
  after: KubeObject,
): [before: KubeObject | undefined, after: KubeObject] {
  if (after.kind !== 'Secret') return [before, after];
  return [before && masked(before, after, 'before'), masked(after, before, 'after')];
}

function masked(object: KubeObject, other: KubeObject | undefined, side: Side): KubeObject {
  const copy = { ...object, metadata: { ...object.metadata } } as KubeObject & Record<string, unknown>;
  for (const field of ['data', 'stringData']) {
    if (field in copy) copy[field] = maskValues(valuesOf(copy[field]), valuesOf((other as typeof copy)?.[field]), side);
  }
  const { annotations = {} } = copy.metadata;
  if (lastApplied in annotations) {
    const others = other?.metadata.annotations ?? {};
    const { [lastApplied]: told } = maskValues(annotations, others, side);
    copy.metadata.annotations = { ...annotations, [lastApplied]: told ?? mask };
  }
  return copy;
}

/** A Secret that is applied for the first time may say anything. */
function valuesOf(field: unknown): Values {
  return typeof field === 'object' && field !== null ? (field as Values) : {};
}

function maskValues(values: Values, others: Values, side: Side): Values {
  const show = (key: string): string => {
    const isChanged = Object.hasOwn(others, key) && others[key] !== values[key];
    return isChanged ? `${mask} (${side})` : mask;
  };
  return Object.fromEntries(Object.keys(values).map((key) => [key, show(key)]));
}
