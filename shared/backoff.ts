export interface BackoffOptions {
  initialMs: number;
  maxMs: number;
  factor?: number;
}

/** The delay before try number `failures + 1`: initial, doubling, capped. Zero failures wait for nothing. */
export function backoffMs(failures: number, { initialMs, maxMs, factor = 2 }: BackoffOptions): number {
  if (failures <= 0) return 0;
  return Math.min(maxMs, initialMs * factor ** (failures - 1));
}
