import type { Readable } from 'node:stream';
import { digestOf, type OpenedBlob } from './blob-store.ts';
import type { Endpoint } from './endpoints.ts';
import { ImageError, type RegistryCredentials } from './image-service.ts';
import { acceptedTypes, type Descriptor, maxManifestBytes } from './manifest.ts';
import { type Reference, repositoryName } from './reference.ts';
import { connectionError, RegistryError } from './registry-errors.ts';
import { type Registries, settingsCredentials } from './registry-settings.ts';
import { readBounded, type RegistryAnswer, type RegistryRequest, RegistryTransport } from './registry-transport.ts';

export interface FetchOptions {
  credentials?: readonly RegistryCredentials[] | undefined;
  signal?: AbortSignal | undefined;
}

/** A manifest or index as the registry sent it. `digest` is that of the body. */
export interface FetchedDocument {
  body: Buffer;
  digest: string;
  contentType: string | undefined;
}

/** Reads manifests and blobs, from mirrors first. */
export class RegistryClient {
  readonly transport: RegistryTransport;
  readonly #settingsCredentials: RegistryCredentials[];

  constructor(transport: RegistryTransport, registries: Registries) {
    this.transport = transport;
    this.#settingsCredentials = settingsCredentials(registries);
  }

  /** By digest or tag; `what` begins error messages. Checks the digest when one was asked for. */
  async document(reference: Reference, target: string, what: string, options: FetchOptions): Promise<FetchedDocument> {
    const wish = {
      method: 'GET' as const,
      target: `/v2/${reference.repository}/manifests/${target}`,
      headers: { accept: acceptedTypes },
      what,
    };
    const answer = await this.#fromAny(reference, [200], wish, options);
    const body = await readBounded(answer.body, maxManifestBytes, what).catch((error: unknown) => {
      throw error instanceof ImageError ? error : connectionError(answer.url.host, what, error);
    });
    const digest = digestOf(body);
    if (target.startsWith('sha256:') && digest !== target) {
      throw new RegistryError(
        'ErrImagePull',
        `${what}: registry ${answer.url.host} sent another manifest than ${target}`,
      );
    }
    return { body, digest, contentType: answer.headers['content-type'] };
  }

  /** Opens a blob at `offset`. The stream throws RegistryError when it breaks; what it gives is not verified. */
  async blob(
    reference: Reference,
    { digest }: Descriptor,
    offset: number,
    what: string,
    options: FetchOptions,
  ): Promise<OpenedBlob> {
    const headers = offset > 0 ? { range: `bytes=${offset}-` } : undefined;
    const wish = { method: 'GET' as const, target: `/v2/${reference.repository}/blobs/${digest}`, headers, what };
    const answer = await this.#fromAny(reference, offset > 0 ? [200, 206, 416] : [200], wish, options);
    if (answer.status === 200) return { offset: 0, stream: named(answer, what) };
    const fits = answer.headers['content-range']?.startsWith(`bytes ${offset}-`) === true;
    if (answer.status === 206 && fits) return { offset, stream: named(answer, what) };
    answer.body.destroy();
    return this.blob(reference, { digest, size: 0, mediaType: '' }, 0, what, options);
  }

  /** Asks the mirrors and the registry, each with all credentials for it, until one gives it. */
  async #fromAny(
    reference: Reference,
    wanted: readonly number[],
    wish: Omit<RegistryRequest, 'scope'>,
    { credentials, signal }: FetchOptions,
  ): Promise<RegistryAnswer> {
    const scope = `repository:${reference.repository}:pull`;
    const failures: unknown[] = [];
    for (const endpoint of this.transport.endpoints.forPull(reference.registry)) {
      for (const one of this.credentialsFor(endpoint, credentials)) {
        try {
          return await this.transport.send(endpoint, wanted, { ...wish, scope, credentials: one, signal });
        } catch (error) {
          if (!(error instanceof ImageError)) throw error;
          failures.push(error);
          if (!(error instanceof RegistryError) || (error.status !== 401 && error.status !== 403)) break;
        }
      }
    }
    throw failures.at(-1) ?? new Error(`${repositoryName(reference)} has no endpoint`);
  }

  /** Those of the caller, then those of the settings; never empty: without any, one asks without. */
  credentialsFor(endpoint: Endpoint, given: readonly RegistryCredentials[] = []): (RegistryCredentials | undefined)[] {
    const fitting = [...given, ...this.#settingsCredentials].filter(({ registry }) => registry === endpoint.registry);
    return fitting.length > 0 ? fitting : [undefined];
  }
}

async function* named({ body, url }: RegistryAnswer, what: string): AsyncGenerator<Buffer, void> {
  try {
    yield* body as Readable & AsyncIterable<Buffer>;
  } catch (error) {
    throw connectionError(url.host, what, error);
  } finally {
    body.destroy();
  }
}
