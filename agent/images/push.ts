import { Readable } from 'node:stream';
import { createReadStream } from 'node:fs';
import { messageOf } from '../../shared/errors.ts';
import type { StoredReference } from './catalog.ts';
import type { Endpoint } from './endpoints.ts';
import { ImageError, type PullOptions, type RegistryCredentials } from './image-service.ts';
import { type Descriptor, type Manifest, mediaTypes, parseDocument } from './manifest.ts';
import type { OciImageStore } from './oci-image-store.ts';
import { canonicalName, parseReference, type Reference, repositoryName } from './reference.ts';
import { RegistryError } from './registry-errors.ts';
import type { RegistryAnswer, RegistryRequest } from './registry-transport.ts';

/** Above this a blob goes in pieces, so that one lost connection is not the loss of all. */
const pieceBytes = 32 * 1024 * 1024;

/** Sends an image of the store to the registry of its name; the digest of its manifest. Throws ImageError. */
export async function pushImage(store: OciImageStore, name: string, options: PullOptions = {}): Promise<string> {
  const reference = parseReference(name);
  const what = `push ${canonicalName(reference)}`;
  const stored = await store.catalog.reference(canonicalName(reference));
  if (stored === undefined) throw new ImageError('ImageInspectError', `${what}: there is no image of this name here`);
  const endpoint = store.client.transport.endpoints.itself(reference.registry);
  const failures: unknown[] = [];
  for (const credentials of store.client.credentialsFor(endpoint, options.credentials)) {
    const push = new Push({ store, reference, stored, endpoint, what, credentials, options });
    try {
      await store.catalog.claiming(async (need) => {
        await need({ blobs: stored.blobs });
        await push.run();
      });
      const repoDigest = `${repositoryName(reference)}@${stored.manifest}`;
      await store.catalog.putReference({ ...stored, repoDigest });
      return stored.manifest;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof ImageError)) {
        throw new ImageError('ErrImagePull', `${what}: ${messageOf(error)}`, { cause: error });
      }
      failures.push(error);
      if (!(error instanceof RegistryError) || (error.status !== 401 && error.status !== 403)) break;
    }
  }
  throw failures.at(-1);
}

interface PushDeps {
  store: OciImageStore;
  reference: Reference;
  stored: StoredReference;
  endpoint: Endpoint;
  what: string;
  credentials: RegistryCredentials | undefined;
  options: PullOptions;
}

class Push {
  readonly #deps: PushDeps;
  #doneBytes = 0;
  #totalBytes = 0;

  constructor(deps: PushDeps) {
    this.#deps = deps;
  }

  async run(): Promise<void> {
    const { store, stored } = this.#deps;
    const body = await store.blobs.read(stored.manifest);
    const manifest = parseDocument(body, undefined);
    if (manifest.kind === 'index') throw new ImageError('ImageInspectError', 'the stored manifest is an index');
    const parts = uniqueParts(manifest);
    this.#totalBytes = parts.reduce((sum, { size }) => sum + size, 0);
    for (const part of parts) await this.#pushBlob(part);
    await this.#pushManifest(body);
  }

  async #pushBlob(blob: Descriptor): Promise<void> {
    const path = `/v2/${this.#deps.reference.repository}/blobs`;
    const head = await this.#send([200, 404], { method: 'HEAD', target: `${path}/${blob.digest}` });
    head.body.destroy();
    if (head.status === 404) {
      const session = await this.#openUpload(path, blob);
      if (session !== undefined) await this.#upload(session, blob);
    }
    this.#doneBytes += blob.size;
    this.#report(0);
  }

  /** Where to send the blob; undefined when the registry took it from another repository of its own. */
  async #openUpload(path: string, { digest }: Descriptor): Promise<URL | undefined> {
    const { reference, stored } = this.#deps;
    const [source = ''] = stored.repoDigest.split('@');
    const other = source.startsWith(`${reference.registry}/`) ? source.slice(reference.registry.length + 1) : '';
    const canMount = other !== '' && other !== reference.repository;
    const query = canMount ? `?mount=${digest}&from=${encodeURIComponent(other)}` : '';
    const answer = await this.#send([201, 202], { method: 'POST', target: `${path}/uploads/${query}` });
    answer.body.destroy();
    return answer.status === 201 ? undefined : this.#location(answer);
  }

  async #upload(session: URL, blob: Descriptor): Promise<void> {
    let url = session;
    const isWhole = blob.size <= pieceBytes;
    const inPieces = isWhole ? 0 : blob.size;
    for (let start = 0; start < inPieces; start += pieceBytes) {
      const end = Math.min(start + pieceBytes, blob.size);
      const headers = { 'content-range': `${start}-${end - 1}` };
      url = this.#location(await this.#sendContent('PATCH', url, blob, { start, end, headers, wanted: 202 }));
      this.#report(end);
    }
    url.searchParams.set('digest', blob.digest);
    const end = isWhole ? blob.size : 0;
    await this.#sendContent('PUT', url, blob, { start: 0, end, headers: {}, wanted: 201 });
  }

  async #sendContent(
    method: 'PUT' | 'PATCH',
    url: URL,
    { digest }: Descriptor,
    part: { start: number; end: number; headers: Record<string, string>; wanted: number },
  ): Promise<RegistryAnswer> {
    const { start, end, wanted } = part;
    const path = this.#deps.store.layout.blob(digest);
    const body = (): Buffer | Readable =>
      end > start ? createReadStream(path, { start, end: end - 1, highWaterMark: 256 * 1024 }) : Buffer.alloc(0);
    const headers = {
      ...part.headers,
      'content-type': 'application/octet-stream',
      'content-length': String(end - start),
    };
    const answer = await this.#send([wanted], { method, target: url.href, headers, body });
    answer.body.destroy();
    return answer;
  }

  async #pushManifest(body: Buffer): Promise<void> {
    const { reference, stored } = this.#deps;
    const { mediaType } = JSON.parse(body.toString('utf8')) as { mediaType?: string };
    const target = `/v2/${reference.repository}/manifests/${reference.digest ?? reference.tag ?? 'latest'}`;
    const headers = { 'content-type': mediaType ?? mediaTypes.ociManifest };
    const answer = await this.#send([200, 201, 202], { method: 'PUT', target, headers, body: () => body });
    answer.body.destroy();
    const kept = answer.headers['docker-content-digest'];
    if (kept !== undefined && kept !== stored.manifest) {
      throw new ImageError('ErrImagePull', `${this.#deps.what}: the registry kept another manifest, ${kept}`);
    }
  }

  async #send(
    wanted: readonly number[],
    wish: Pick<RegistryRequest, 'method' | 'target' | 'headers' | 'body'>,
  ): Promise<RegistryAnswer> {
    const { store, endpoint, reference, stored, what, credentials, options } = this.#deps;
    const [source = ''] = stored.repoDigest.split('@');
    const other = source.startsWith(`${reference.registry}/`) ? source.slice(reference.registry.length + 1) : '';
    const own = `repository:${reference.repository}:pull,push`;
    const scope = other === '' || other === reference.repository ? own : `${own} repository:${other}:pull`;
    return store.client.transport.send(endpoint, wanted, { ...wish, scope, what, credentials, signal: options.signal });
  }

  #location({ headers: { location = '' }, url }: RegistryAnswer): URL {
    if (!URL.canParse(location, url.href)) {
      throw new ImageError('ErrImagePull', `${this.#deps.what}: the registry names no place to upload to`);
    }
    return new URL(location, url.href);
  }

  #report(ofCurrent: number): void {
    const { options, reference } = this.#deps;
    const doneBytes = this.#doneBytes + ofCurrent;
    options.onProgress?.({ reference: canonicalName(reference), doneBytes, totalBytes: this.#totalBytes });
  }
}

/** Layers first: a registry may check that a config's layers are there. */
function uniqueParts({ config, layers }: Manifest): Descriptor[] {
  return [...new Map([...layers, config].map((part) => [part.digest, part])).values()];
}
