/** Subjects of the bus. Agents publish below `berth.up.<node>.` and listen below `berth.down.<node>.` only. */

/** A node name as one subject token: names may hold dots, tokens may not, and names never hold `=`. */
export function nodeToken(node: string): string {
  return node.replaceAll('.', '=');
}

/** The node that a subject `berth.up.<token>.…` speaks for. */
export function nodeOfSubject(subject: string): string {
  return (subject.split('.')[2] ?? '').replaceAll('=', '.');
}

/** The token whose bearer speaks on a subject `berth.join.<id>`. */
export function joinTokenOfSubject(subject: string): string {
  return subject.split('.')[2] ?? '';
}

export const upVerbs = ['register', 'sync', 'status', 'events', 'logs', 'samples', 'renew'] as const;
export type UpVerb = (typeof upVerbs)[number];

export const downVerbs = ['logs', 'exec', 'attach', 'portforward', 'images'] as const;
export type DownVerb = (typeof downVerbs)[number];

export const subjects = {
  /** Plain publish, once a second. */
  heartbeat: (node: string): string => `berth.up.${nodeToken(node)}.hb`,
  allHeartbeats: 'berth.up.*.hb',
  /** Requests of an agent, answered by any controller. */
  upCall: (node: string, verb: UpVerb): string => `berth.up.${nodeToken(node)}.rpc.${verb}`,
  allUpCalls: (verb: UpVerb): string => `berth.up.*.rpc.${verb}`,
  /** Requests of a controller to one agent. */
  downCall: (node: string, verb: DownVerb): string => `berth.down.${nodeToken(node)}.rpc.${verb}`,
  /** Deltas of what the node should run. */
  desired: (node: string): string => `berth.down.${nodeToken(node)}.desired`,
  /** One byte-stream session: towards the controller and towards the agent. */
  streamUp: (node: string, session: string): string => `berth.up.${nodeToken(node)}.s.${session}`,
  streamDown: (node: string, session: string): string => `berth.down.${nodeToken(node)}.s.${session}`,
  /** The bearer of a join token asks to become a node. */
  join: (tokenId: string): string => `berth.join.${tokenId}`,
  allJoins: 'berth.join.*',
} as const;

/** Where answers to a node's requests arrive; a node may listen below its own only. */
export function inboxPrefix(node: string): string {
  return `_INBOX_${nodeToken(node)}`;
}

/** The same for the bearer of a join token. */
export function joinInboxPrefix(tokenId: string): string {
  return `_INBOX_join_${tokenId}`;
}
