import { ApiError } from '../../../shared/errors.ts';
import { parseFieldSelector } from '../../../shared/objects/field-selector.ts';
import type { ResourceTarget } from '../resource-path.ts';
import type { User } from './user.ts';

/** One thing to be done with a resource. Parts that are absent are ''. */
export interface ResourceAttributes {
  verb: string;
  group: string;
  /** Plural. */
  resource: string;
  subresource: string;
  /** '' is the whole cluster. */
  namespace: string;
  /** '' is every object. */
  name: string;
}

/** One thing to be done with a path that is no resource. */
export interface PathAttributes {
  verb: string;
  path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

/** What a request on a resource wants to do. A collection narrowed to one name counts as that name. */
export function attributesOf(
  verb: string,
  { info, namespace, name, subresource }: ResourceTarget,
  query?: URLSearchParams,
): ResourceAttributes {
  const one = name ?? (verb === 'create' || query === undefined ? '' : selectedName(query, { info }));
  return {
    verb,
    group: info.group,
    resource: info.plural,
    subresource: subresource ?? '',
    // A namespace lies within itself: a role in it can grant its reading.
    namespace: info.group === '' && info.plural === 'namespaces' ? one : namespace,
    name: one,
  };
}

function selectedName(query: URLSearchParams, { info }: Pick<ResourceTarget, 'info'>): string {
  const selector = query.get('fieldSelector') ?? '';
  if (!selector.includes('metadata.name')) return '';
  const named = parseFieldSelector(selector, info).find(
    ({ field, operator }) => field === 'metadata.name' && operator === '=',
  );
  return named?.value ?? '';
}

/** The refusal of what a user may not do; `reason` says more when there is more to say. */
export function forbidden(user: User, attributes: Attributes, reason = ''): ApiError {
  const why = `${denial(user, attributes)}${reason === '' ? '' : `: ${reason}`}`;
  if ('path' in attributes) return new ApiError('Forbidden', `forbidden: ${why}`);
  const { group, resource, name } = attributes;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const subject = name === '' ? qualified : `${qualified} ${JSON.stringify(name)}`;
  const details = { kind: resource, ...(name !== '' && { name }), ...(group !== '' && { group }) };
  return new ApiError('Forbidden', `${subject} is forbidden: ${why}`, details);
}

function denial(user: User, attributes: Attributes): string {
  const start = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`;
  if ('path' in attributes) return `${start} path ${JSON.stringify(attributes.path)}`;
  const { group, namespace } = attributes;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `${start} resource ${JSON.stringify(resourcePath(attributes))} in API group ${JSON.stringify(group)} ${where}`;
}

/** `pods`, `pods/log`. */
export function resourcePath({ resource, subresource }: Pick<ResourceAttributes, 'resource' | 'subresource'>): string {
  return subresource === '' ? resource : `${resource}/${subresource}`;
}
