import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import type { Credential } from './credential.ts';
import type { Bearer } from './issuing.ts';

const hour = 3_600_000;
const day = 24 * hour;
const authorityLife = 3_650 * day;
const leafLife = 365 * day;

/**
 * Signs certificates for one cluster. Clocks of other machines may be an hour behind: everything is back-dated by one.
 * What issues is loaded when something is issued, which is rare: it takes 14 MB.
 */
export class CertificateAuthority {
  readonly credential: Credential;
  readonly #clock: Clock;

  private constructor(credential: Credential, clock: Clock) {
    this.credential = credential;
    this.#clock = clock;
  }

  /** A new authority with a new key. */
  static async create(clock: Clock): Promise<CertificateAuthority> {
    const { createAuthority } = await import('./issuing.ts');
    return new CertificateAuthority(await createAuthority(lifeFrom(clock.now(), authorityLife)), clock);
  }

  /** The authority of an earlier start. Throws when its time is over. */
  static load(credential: Credential, clock: Clock): CertificateAuthority {
    const { validTo } = new X509Certificate(credential.certificate);
    if (Date.parse(validTo) <= clock.now()) throw new Error(`the certificate authority expired at ${validTo}`);
    return new CertificateAuthority(credential, clock);
  }

  /** A certificate for a server that is reached under any of `names` (host names and addresses). */
  issueServerCertificate(names: readonly string[]): Promise<Credential> {
    return this.#issue({ names });
  }

  /** A certificate that authenticates `user`, a member of `groups`. */
  issueClientCertificate(user: string, groups: readonly string[]): Promise<Credential> {
    return this.#issue({ user, groups });
  }

  async #issue(bearer: Bearer): Promise<Credential> {
    const { issue } = await import('./issuing.ts');
    return issue(this.credential, bearer, lifeFrom(this.#clock.now(), leafLife));
  }
}

/** Says whether a server certificate may go on being used: right issuer, all names, less than two thirds of its life gone. */
export function isServerCertificateFresh(
  certificate: string,
  authority: string,
  names: readonly string[],
  now: number,
): boolean {
  const parsed = new X509Certificate(certificate);
  if (!parsed.verify(new X509Certificate(authority).publicKey)) return false;
  const covers = (name: string): boolean =>
    (isIP(name) === 0 ? parsed.checkHost(name, { subject: 'never' }) : parsed.checkIP(name)) !== undefined;
  if (!names.every(covers)) return false;
  const from = Date.parse(parsed.validFrom);
  return now >= from && now < from + ((Date.parse(parsed.validTo) - from) * 2) / 3;
}

function lifeFrom(now: number, life: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - hour), notAfter: new Date(now + life) };
}
