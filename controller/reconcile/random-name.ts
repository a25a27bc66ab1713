import { createHash } from 'node:crypto';
import type { Random } from './deps.ts';

/** Kubernetes' alphabet for generated names: no vowels, so no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const maxNameLength = 63;

/** `<base>-<5 characters>`; a long base is cut so that the name stays a valid host name. */
export function randomName(base: string, random: Random): string {
  const suffix = Array.from({ length: 5 }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
  return `${base.slice(0, maxNameLength - suffix.length - 1)}-${suffix}`;
}

/** Ten characters that depend on all of `text` and on nothing else. */
export function hashName(text: string): string {
  const digest = createHash('sha256').update(text).digest();
  return Array.from(digest.subarray(0, 10), (byte) => alphabet[byte % alphabet.length]).join('');
}
