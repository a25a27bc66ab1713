import { createHash } from 'node:crypto';
import type { Container } from '../../shared/objects/types.ts';

/**
 * Changes when a running container must be replaced: with its image, the one field that may change. Nothing else goes
 * in, so that new defaults in a new version restart no container.
 */
export function specHashOf({ name, image }: Container): string {
  return createHash('sha256')
    .update(JSON.stringify([name, image ?? '']))
    .digest('hex')
    .slice(0, 16);
}
