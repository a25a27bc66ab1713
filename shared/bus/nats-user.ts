import { nkeys } from 'nats';

/** A new key pair of a bus user: the seed stays where it was made, only the public key travels. */
export function createUserKey(): { seed: string; publicKey: string } {
  const pair = nkeys.createUser();
  return { seed: new TextDecoder().decode(pair.getSeed()), publicKey: pair.getPublicKey() };
}

/** The public key of a seed. Throws when it is none. */
export function publicKeyOfSeed(seed: string): string {
  return nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey();
}

/** A signature of the text by the owner of the seed, in base64url. */
export function signBySeed(seed: string, text: string): string {
  const signature = nkeys.fromSeed(new TextEncoder().encode(seed)).sign(new TextEncoder().encode(text));
  return Buffer.from(signature).toString('base64url');
}

/** Says whether the owner of the public key has signed the text. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  try {
    return nkeys.fromPublic(publicKey).verify(new TextEncoder().encode(text), Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}

/** Says whether this is a seed, whole and undamaged. */
export function isUserSeed(text: string): boolean {
  try {
    return isUserPublicKey(publicKeyOfSeed(text));
  } catch {
    return false;
  }
}

/** Says whether this is the public key of a user: right kind, right checksum. */
export function isUserPublicKey(text: string): boolean {
  if (!/^U[A-Z2-7]{55}$/.test(text)) return false;
  try {
    nkeys.fromPublic(text);
    return true;
  } catch {
    return false;
  }
}
