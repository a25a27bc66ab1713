import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { CertificateAuthority, isServerCertificateFresh } from './authority.ts';
import type { Credential } from './credential.ts';
import { makePrivateDirectory, readIfPresent, writePrivateFile } from './private-files.ts';

/** What a TLS server of Berth needs: its certificate and key, and the authority that signed it (all PEM). */
export interface ServerIdentity extends Credential {
  authority: string;
}

/**
 * The keys of one cluster, in one directory. What is there is used, what is missing is made. Writers are one process:
 * the controller that owns the data directory.
 */
export class Pki {
  readonly directory: string;
  readonly #authority: CertificateAuthority;
  readonly #clock: Clock;

  private constructor(directory: string, authority: CertificateAuthority, clock: Clock) {
    this.directory = directory;
    this.#authority = authority;
    this.#clock = clock;
  }

  /** Throws when the authority is damaged or half of it is gone: another one would cut off every node and client. */
  static async open(directory: string, clock: Clock): Promise<Pki> {
    await makePrivateDirectory(directory);
    const existing = await readAuthority(directory);
    if (existing !== undefined) {
      return new Pki(directory, CertificateAuthority.load(existing, clock), clock);
    }
    const authority = await CertificateAuthority.create(clock);
    await writeCredential(directory, 'ca', authority.credential);
    return new Pki(directory, authority, clock);
  }

  /** The authority's certificate, PEM: what clients pin. */
  get authority(): string {
    return this.#authority.credential.certificate;
  }

  /** A fresh server certificate that is kept nowhere. */
  issueServerCertificate(names: readonly string[]): Promise<Credential> {
    return this.#authority.issueServerCertificate(names);
  }

  issueClientCertificate(user: string, groups: readonly string[]): Promise<Credential> {
    return this.#authority.issueClientCertificate(user, groups);
  }

  /**
   * The certificate of the server called `id` (`api-server`, `bus`), kept in files. Made anew when it does not cover
   * `names`, is damaged or two thirds of its life are over: call it again from time to time.
   */
  async serverIdentity(id: string, names: readonly string[]): Promise<ServerIdentity> {
    const existing = await readCredential(this.directory, id);
    if (existing !== undefined && this.#isUsable(existing, names)) return { ...existing, authority: this.authority };
    const issued = await this.issueServerCertificate(names);
    await writeCredential(this.directory, id, issued);
    return { ...issued, authority: this.authority };
  }

  #isUsable({ certificate, privateKey }: Credential, names: readonly string[]): boolean {
    try {
      return (
        isPair(certificate, privateKey) &&
        isServerCertificateFresh(certificate, this.authority, names, this.#clock.now())
      );
    } catch {
      return false; // damaged
    }
  }
}

/** A crash between the two writes leaves a certificate and a key that do not belong together. */
function isPair(certificate: string, privateKey: string): boolean {
  return new X509Certificate(certificate).publicKey.equals(createPublicKey(createPrivateKey(privateKey)));
}

/** Undefined when there is none yet. */
async function readAuthority(directory: string): Promise<Credential | undefined> {
  const credential = await readCredential(directory, 'ca');
  const problem = credential === undefined ? await missingHalf(directory) : damageOf(credential);
  if (problem === undefined) return credential;
  throw new Error(
    `the certificate authority in ${directory} cannot be used: ${problem}; bring back ca.crt and ca.key from a copy. ` +
      'Without one remove both: a new authority is made, and every other node has to join again with a new token',
  );
}

/** The key is written first: alone, and before any server has a certificate, it is what a first start left that was killed. */
async function missingHalf(directory: string): Promise<string | undefined> {
  const [certificate, privateKey, served] = await Promise.all(
    ['ca.crt', 'ca.key', 'bus.crt'].map((name) => readIfPresent(join(directory, name))),
  );
  if (certificate !== undefined) return 'ca.key is missing';
  return privateKey !== undefined && served !== undefined ? 'ca.crt is missing' : undefined;
}

function damageOf({ certificate, privateKey }: Credential): string | undefined {
  if (!succeeds(() => new X509Certificate(certificate))) return 'ca.crt is damaged';
  if (!succeeds(() => createPrivateKey(privateKey))) return 'ca.key is damaged';
  return isPair(certificate, privateKey) ? undefined : 'ca.crt and ca.key do not belong together';
}

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

async function readCredential(directory: string, id: string): Promise<Credential | undefined> {
  const [certificate, privateKey] = await Promise.all([
    readIfPresent(join(directory, `${id}.crt`)),
    readIfPresent(join(directory, `${id}.key`)),
  ]);
  if (certificate === undefined || privateKey === undefined) return undefined;
  return { certificate, privateKey };
}

async function writeCredential(directory: string, id: string, credential: Credential): Promise<void> {
  await writePrivateFile(join(directory, `${id}.key`), credential.privateKey);
  await writePrivateFile(join(directory, `${id}.crt`), credential.certificate);
}
