import { InvalidArgumentError } from 'commander';

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `5m`, `1h30m`, `2d`, a bare number of seconds; as milliseconds. Refused as wrong usage otherwise. */
export function parseDurationMs(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new InvalidArgumentError('Write a duration as 30s, 5m or 1h30m.');
  }
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (units[unit] ?? 0), 0);
}

/** A duration as it would be written: `24h`, `10m`, `30s`, `0`. */
export function formatDuration(ms: number): string {
  const unit = ['h', 'm', 's'].find((each) => ms > 0 && ms % (units[each] ?? 1) === 0);
  return unit === undefined ? String(ms) : `${ms / (units[unit] ?? 1)}${unit}`;
}

/** A whole number from 0 on. */
export function parseWhole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Write a whole number from 0 on.');
  return Number(text);
}

/** Seconds for containers to stop; -1 leaves it to each pod. */
export function parseGracePeriod(text: string): number | undefined {
  return text === '-1' ? undefined : parseWhole(text);
}
