/** What is known of one node's heartbeats; all times by the monotonic clock. */
export interface HeardNode {
  name: string;
  /** Since when it has been silent: its last heartbeat, or when it became known. */
  silentSince: number;
  /** It was heard since this process started. */
  wasHeard: boolean;
  /** It is known to be lost already: replacements were allowed. */
  isLost: boolean;
}

export interface SilenceSettings {
  /** Silence after which a node is `Ready=Unknown`. */
  graceMs: number;
  /** How long the silence of many nodes must last before it is believed. */
  massConfirmMs: number;
  /** Then one node after another is declared lost, with this time between them. */
  massIntervalMs: number;
}

export const defaultSilenceSettings: SilenceSettings = {
  graceMs: 4_000,
  massConfirmMs: 30_000,
  massIntervalMs: 5_000,
};

/**
 * `heard`: its heartbeats arrive. `waiting`: not heard yet, and not for long: leave it as it is. `silent`: it is not
 * heard, which may be no fault of its own. `lost`: its pods are to be replaced.
 */
export type Verdict = 'heard' | 'waiting' | 'silent' | 'lost';

/** What the guard remembers between two looks. */
export interface Guard {
  /** Since when too many nodes are silent at once; undefined when they are not. */
  massSince?: number;
  /** When the last node was declared lost amid mass silence. */
  lastLostAt?: number;
}

/**
 * Judges every node. One silent node is lost at once. More than a third silent together look like a fault of the bus or
 * of this process: nobody is declared lost until it has lasted, and then one after the other. `awakeSince` is when this
 * process began to listen, or woke from a pause: silence before it proves nothing.
 */
export function judgeNodes(
  nodes: readonly HeardNode[],
  guard: Guard,
  awakeSince: number,
  now: number,
  settings: SilenceSettings,
): { verdicts: Map<string, Verdict>; guard: Guard } {
  const { graceMs } = settings;
  const silence = ({ silentSince }: HeardNode): number => now - Math.max(silentSince, awakeSince);
  const fresh = nodes.filter(({ isLost }) => !isLost);
  // A common cause silences nodes within one heartbeat of each other, so those that are late already count as well.
  const suspects = fresh.filter((node) => silence(node) >= graceMs / 2);
  const silent = fresh.filter((node) => silence(node) >= graceMs);
  const isMass = silent.length > 0 && isTooMany(suspects.length, fresh.length);
  const nextGuard: Guard = isMass ? { ...guard, massSince: guard.massSince ?? now } : {};
  const newlyLost = isMass ? confirmOne(silent, nextGuard, now, settings) : silent;
  if (isMass && newlyLost.length > 0) nextGuard.lastLostAt = now;
  const verdicts = new Map(
    nodes.map((node): [string, Verdict] => {
      if (silence(node) < graceMs)
        return [node.name, node.wasHeard && now - node.silentSince < graceMs ? 'heard' : 'waiting'];
      return [node.name, node.isLost || newlyLost.includes(node) ? 'lost' : 'silent'];
    }),
  );
  return { verdicts, guard: nextGuard };
}

/** More than a third; a single node among several never is. */
function isTooMany(silent: number, all: number): boolean {
  return silent > all / 3 && !(silent === 1 && all > 1);
}

function confirmOne(
  silent: readonly HeardNode[],
  { massSince = 0, lastLostAt }: Guard,
  now: number,
  { massConfirmMs, massIntervalMs }: SilenceSettings,
): HeardNode[] {
  if (now - massSince < massConfirmMs) return [];
  if (lastLostAt !== undefined && now - lastLostAt < massIntervalMs) return [];
  return [...silent].sort((a, b) => a.silentSince - b.silentSince).slice(0, 1);
}
