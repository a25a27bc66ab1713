import type { IncomingMessage } from 'node:http';
import { ApiError } from '../../../shared/errors.ts';
import type { Authorizer } from './authorizer.ts';
import { accountGroups, anonymous, asAuthenticated, parseAccountUserName, type User } from './user.ts';

const extraPrefix = 'impersonate-extra-';

/** Whom a request names to act as. */
interface Wanted {
  name: string;
  uid?: string;
  groups: readonly string[];
  extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * The user that a request acts as: the sender, or whom its Impersonate headers name. Throws Forbidden unless the sender
 * may impersonate each part of that, and BadRequest for headers that name no user.
 */
export function actingUser(authorizer: Authorizer, sender: User, message: IncomingMessage): User {
  const wanted = readHeaders(message);
  if (wanted === undefined) return sender;
  requireImpersonation(authorizer, sender, wanted);
  const { name, uid, groups, extra } = wanted;
  const user: User = {
    name,
    groups: groups.length > 0 ? groups : ownGroups(name),
    ...(uid !== undefined && { uid }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
  return name === anonymous.name || user.groups.includes('system:unauthenticated') ? user : asAuthenticated(user);
}

/** The groups of a user who was named without any. */
function ownGroups(name: string): readonly string[] {
  const account = parseAccountUserName(name);
  if (account !== undefined) return accountGroups(account.namespace);
  return name === anonymous.name ? anonymous.groups : [];
}

function readHeaders({ headersDistinct }: IncomingMessage): Wanted | undefined {
  const all = (header: string): string[] => (headersDistinct[header] ?? []).filter((value) => value !== '');
  const [name] = all('impersonate-user');
  const [uid] = all('impersonate-uid');
  const groups = all('impersonate-group');
  const extras = Object.entries(headersDistinct).filter(([header]) => header.startsWith(extraPrefix));
  if (name !== undefined) {
    const extra = Object.fromEntries(
      extras.map(([header, values = []]) => [decodeKey(header.slice(extraPrefix.length)), values]),
    );
    return { name, groups, extra, ...(uid !== undefined && { uid }) };
  }
  if (uid === undefined && groups.length === 0 && extras.length === 0) return undefined;
  throw new ApiError('BadRequest', 'requested impersonation of a group, uid or extra without impersonating a user');
}

function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function requireImpersonation(authorizer: Authorizer, sender: User, { name, uid, groups, extra }: Wanted): void {
  const require = (group: string, resource: string, of: string, namespace = '', subresource = ''): void =>
    authorizer.require(sender, { verb: 'impersonate', group, resource, subresource, namespace, name: of });
  const account = parseAccountUserName(name);
  if (account === undefined) require('', 'users', name);
  else require('', 'serviceaccounts', account.name, account.namespace);
  for (const group of groups) require('', 'groups', group);
  if (uid !== undefined) require('authentication.k8s.io', 'uids', uid);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) require('authentication.k8s.io', 'userextras', value, '', key);
  }
}
