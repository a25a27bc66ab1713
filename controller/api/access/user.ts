/** Who sent a request, or whose rights are asked for. */
export interface User {
  name: string;
  uid?: string;
  groups: readonly string[];
  /** What else the credential tells, by key. */
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** The group that may do everything, whatever roles say. */
export const masters = 'system:masters';
/** The group of everybody who has proved who they are. */
export const authenticated = 'system:authenticated';

/** The user of an open path, or of a route that checks its caller itself. */
export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** The user as one who has proved who they are. */
export function asAuthenticated(user: User): User {
  return user.groups.includes(authenticated) ? user : { ...user, groups: [...user.groups, authenticated] };
}

const accountPrefix = 'system:serviceaccount:';

/** The name under which a ServiceAccount acts. */
export function accountUserName(namespace: string, name: string): string {
  return `${accountPrefix}${namespace}:${name}`;
}

/** The groups of every ServiceAccount of a namespace. */
export function accountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** The ServiceAccount that acts under this name; undefined when it is no such name. */
export function parseAccountUserName(userName: string): { namespace: string; name: string } | undefined {
  if (!userName.startsWith(accountPrefix)) return undefined;
  const [namespace = '', name = '', ...more] = userName.slice(accountPrefix.length).split(':');
  return namespace === '' || name === '' || more.length > 0 ? undefined : { namespace, name };
}
