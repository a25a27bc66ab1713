import type { Container } from '../../shared/objects/types.ts';

/** A port as a probe names it: a number, a number in quotes, or the name of a port of the container. */
export function portNumber(port: unknown, container: Container): number {
  const number = Number(port);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  if (named === undefined) throw new Error(`couldn't find port: ${String(port)}`);
  return named;
}
