import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { readIfPresent, writePrivateFile } from './private-files.ts';

/**
 * The key that tokens of ServiceAccounts are signed with (ECDSA on P-256), kept in a file of the directory. It is made
 * once; a damaged one is replaced, after which clients have to ask for new tokens.
 */
export async function ensureTokenKey(directory: string): Promise<KeyObject> {
  const file = join(directory, 'service-accounts.key');
  const present = readKey(await readIfPresent(file));
  if (present !== undefined) return present;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writePrivateFile(file, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  return privateKey;
}

function readKey(pem: string | undefined): KeyObject | undefined {
  if (pem === undefined) return undefined;
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
