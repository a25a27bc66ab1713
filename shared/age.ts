const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** A span as kubectl users read it: two units while the second one still tells something, `90s`, `5m3s`, `7h`, `2d4h`. */
export function humanDuration(ms: number): string {
  if (ms <= -2 * second) return '<invalid>';
  if (ms < second) return '0s';
  if (ms < 2 * minute) return inUnits(ms, [second, 's']);
  if (ms < 10 * minute) return inUnits(ms, [minute, 'm'], [second, 's']);
  if (ms < 3 * hour) return inUnits(ms, [minute, 'm']);
  if (ms < 8 * hour) return inUnits(ms, [hour, 'h'], [minute, 'm']);
  if (ms < 2 * day) return inUnits(ms, [hour, 'h']);
  if (ms < 8 * day) return inUnits(ms, [day, 'd'], [hour, 'h']);
  if (ms < 2 * year) return inUnits(ms, [day, 'd']);
  if (ms < 8 * year) return inUnits(ms, [year, 'y'], [day, 'd']);
  return inUnits(ms, [year, 'y']);
}

/** How long ago an RFC 3339 time was. */
export function ageOf(time: string | undefined, now: number): string {
  const at = Date.parse(time ?? '');
  return Number.isNaN(at) ? '<unknown>' : humanDuration(now - at);
}

type Unit = readonly [ms: number, suffix: string];

function inUnits(ms: number, [large, suffix]: Unit, small?: Unit): string {
  const whole = `${Math.floor(ms / large)}${suffix}`;
  if (small === undefined) return whole;
  const rest = Math.floor((ms % large) / small[0]);
  return rest === 0 ? whole : `${whole}${rest}${small[1]}`;
}
