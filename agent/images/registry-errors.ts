import type { Readable } from 'node:stream';
import { messageOf } from '../../shared/errors.ts';
import { ImageError, type ImageFailure } from './image-service.ts';

/** An answer of a registry, or none. `status` is undefined when nothing came. */
export class RegistryError extends ImageError {
  readonly status: number | undefined;
  constructor(failure: ImageFailure, message: string, status?: number, options?: ErrorOptions) {
    super(failure, message, options);
    this.status = status;
  }
}

const maxErrorBytes = 8 * 1024;

/** What to do about a status, in a few words. */
function advice(status: number): string {
  if (status === 401) return 'log in: check the name and the credentials (for a pod: its pull secret)';
  if (status === 403) return 'the credentials do not allow this';
  if (status === 404) return 'check the name and the tag';
  if (status === 429) return 'it limits how often one may ask: wait, log in or use a mirror';
  if (status >= 500) return 'the registry has a problem of its own: it is tried again';
  return 'it does not understand the request';
}

/** The error for an answer that is not the one wanted. `detail` comes from `readRegistryMessage`. */
export function answerError(host: string, what: string, status: number, detail: string): RegistryError {
  const isUnavailable = status === 429 || status >= 500;
  const said = detail === '' ? '' : ` (${detail})`;
  const message = `${what}: registry ${host} answered ${status}${said}; ${advice(status)}`;
  return new RegistryError(isUnavailable ? 'RegistryUnavailable' : 'ErrImagePull', message, status);
}

/** What a registry says about its refusal, shortened, on one line; '' for nothing useful. Uses up the body. */
export async function readRegistryMessage(body: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes >= maxErrorBytes) break;
    }
    const { errors } = JSON.parse(Buffer.concat(pieces).toString('utf8')) as { errors?: unknown };
    const first = (Array.isArray(errors) ? errors[0] : undefined) as { code?: unknown; message?: unknown } | undefined;
    return [first?.code, first?.message]
      .filter((part) => typeof part === 'string')
      .join(': ')
      .replaceAll(/[^\x20-\x7e]+/g, ' ')
      .slice(0, 300);
  } catch {
    return '';
  } finally {
    body.destroy();
  }
}

/** The error for a request that got no answer. */
export function connectionError(host: string, what: string, error: unknown): RegistryError {
  const code = errorCode(error);
  const hint = hints.find(([pattern]) => pattern.test(code))?.[1];
  const cause = hint ?? `${messageOf(error)}${code === '' ? '' : ` (${code})`}`;
  return new RegistryError('RegistryUnavailable', `${what}: cannot reach registry ${host}: ${cause}`, undefined, {
    cause: error,
  });
}

const hints: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'connection refused: is it running?'],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, 'its name cannot be resolved'],
  [/^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, 'no connection: check the network and firewalls'],
  [/^NO_ANSWER$/, 'it accepted the request and did not answer'],
  [/^STOPPED_SENDING$/, 'it stopped sending'],
  [/^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/, unknownAuthority()],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another host'],
  [/^(?:ERR_SSL_.*|EPROTO)$/, 'it does not speak TLS: set plainHttp in registries.yaml if that is intended'],
];

function unknownAuthority(): string {
  return 'its certificate is signed by an unknown authority: name the CA in registries.yaml';
}

/** Trying again at once cannot help: the name or the certificate is wrong. */
export function isPermanent(error: unknown): boolean {
  return /CERT|^UNABLE_TO_|^ERR_SSL|^EPROTO$|^ENOTFOUND$/.test(errorCode(error));
}

function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return errorCode(error.cause);
}
