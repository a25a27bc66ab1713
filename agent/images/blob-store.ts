import { createHash, type Hash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { backoffMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { hasCode, writeWhole } from './durable-file.ts';
import { ImageError } from './image-service.ts';
import type { StoreLayout } from './layout.ts';
import type { Descriptor } from './manifest.ts';
import { hexOf } from './reference.ts';
import { SingleFlight } from './single-flight.ts';
import { isOwnerAlive } from './store-owner.ts';
import { Turnstile } from './turnstile.ts';

/** Content from `offset` on; the registry decides whether that is where one asked it to begin or 0. */
export interface OpenedBlob {
  offset: number;
  stream: AsyncIterable<Buffer>;
}

/** Opens the content at `offset`. Throws ImageError when it cannot. */
export type BlobSource = (offset: number, signal: AbortSignal) => Promise<OpenedBlob>;

export interface DownloadOptions {
  /** Bytes that are there by now. */
  onProgress?: (doneBytes: number) => void;
  signal?: AbortSignal;
}

export interface BlobStoreOptions {
  layout: StoreLayout;
  clock: Clock;
  /** Downloads at once, of all images. */
  downloads?: number;
}

interface Draft {
  path: string;
  file: FileHandle;
  hash: Hash;
  bytes: number;
}

const triesWithoutProgress = 5;
const draftPattern = /^([0-9a-f]{64})\.([0-9a-f-]+)\.part$/;

/**
 * Content by its sha256. What has its final name is whole and was verified. Unfinished downloads carry the name of
 * their process, so that several processes share the folder; those of ended processes are gone on with.
 */
export class BlobStore {
  readonly #layout: StoreLayout;
  readonly #clock: Clock;
  readonly #flights = new SingleFlight<void, number>();
  readonly #turnstile: Turnstile;

  constructor({ layout, clock, downloads = 6 }: BlobStoreOptions) {
    this.#layout = layout;
    this.#clock = clock;
    this.#turnstile = new Turnstile(downloads);
  }

  /** Says that the blob is there, with this size when one is given. */
  async has(digest: string, size?: number): Promise<boolean> {
    const found = await this.size(digest);
    return found !== undefined && (size === undefined || found === size);
  }

  async size(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.#layout.blob(digest))).size;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** For small blobs, configs and manifests. Throws ImageError ImageInspectError when it is not there or has changed. */
  async read(digest: string): Promise<Buffer> {
    const content = await readFile(this.#layout.blob(digest)).catch((error: unknown) => {
      throw new ImageError('ImageInspectError', `the store lacks ${digest}: pull the image again`, { cause: error });
    });
    if (digestOf(content) === digest) return content;
    await rm(this.#layout.blob(digest), { force: true });
    throw new ImageError('ImageInspectError', `${digest} was damaged on the disk: pull the image again`);
  }

  /** The content as a stream, in large pieces. */
  stream(digest: string, start = 0): AsyncIterable<Buffer> {
    return createReadStream(this.#layout.blob(digest), { highWaterMark: 256 * 1024, start });
  }

  /** Keeps small content; its digest. */
  async write(content: Buffer): Promise<string> {
    const digest = digestOf(content);
    if (!(await this.has(digest))) await writeWhole(this.#layout.blob(digest), content, this.#layout.temporary);
    return digest;
  }

  /** Keeps a stream of unknown content; its digest and size. Throws ImageError above `limit` bytes. */
  async ingest(source: AsyncIterable<Buffer>, limit: number): Promise<{ digest: string; size: number }> {
    const path = join(this.#layout.temporary, `ingest.${randomBytes(6).toString('hex')}`);
    const hash = createHash('sha256');
    let size = 0;
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const piece of source) {
        size += piece.length;
        if (size > limit) throw new ImageError('ErrImagePull', `the content is larger than ${limit} bytes`);
        hash.update(piece);
        await file.writeFile(piece);
      }
      await file.sync();
      const digest = `sha256:${hash.digest('hex')}`;
      await rename(path, this.#layout.blob(digest));
      return { digest, size };
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
  }

  /** Downloads and verifies, unless it is there. Who asks for the same joins. Throws ImageError. */
  async fetch(descriptor: Descriptor, source: BlobSource, { onProgress, signal }: DownloadOptions = {}): Promise<void> {
    if (await this.has(descriptor.digest, descriptor.size)) return;
    const isBusy = this.#flights.active.includes(descriptor.digest);
    try {
      await this.#flights.join(
        descriptor.digest,
        (inner, report) => this.#turnstile.run(() => this.#download(descriptor, source, report, inner), inner),
        { onProgress, signal },
      );
    } catch (error) {
      if (!isBusy || signal?.aborted === true) throw error;
      await this.fetch(descriptor, source, { onProgress, signal }); // another's source failed, ours may not
    }
  }

  async #download(
    descriptor: Descriptor,
    source: BlobSource,
    report: (doneBytes: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const draft = await this.#openDraft(descriptor);
    try {
      for (let failures = 0; draft.bytes < descriptor.size || draft.bytes === 0;) {
        const before = draft.bytes;
        try {
          await receive(draft, descriptor, await source(draft.bytes, signal), report);
          if (draft.bytes === descriptor.size) break;
          throw new ImageError('RegistryUnavailable', `${descriptor.digest} ended after ${draft.bytes} bytes`);
        } catch (error) {
          if (signal.aborted || !(error instanceof ImageError) || error.failure !== 'RegistryUnavailable') throw error;
          failures = draft.bytes > before ? 1 : failures + 1;
          if (failures >= triesWithoutProgress) throw error;
          await this.#clock.sleep(backoffMs(failures, { initialMs: 200, maxMs: 5000 }), signal);
        }
      }
      await this.#complete(draft, descriptor.digest);
    } finally {
      await draft.file.close();
    }
  }

  async #complete({ path, file, hash }: Draft, digest: string): Promise<void> {
    const found = `sha256:${hash.digest('hex')}`;
    if (found !== digest) {
      await rm(path, { force: true });
      throw new ImageError('ErrImagePull', `the content of ${digest} is another: it has the digest ${found}`);
    }
    await file.sync();
    await rename(path, this.#layout.blob(digest));
  }

  /** Opens the download file, with what an earlier try left in it. */
  async #openDraft({ digest, size }: Descriptor): Promise<Draft> {
    const path = await this.#claimDraft(hexOf(digest));
    const file = await open(path, 'a+', 0o600);
    const draft: Draft = { path, file, hash: createHash('sha256'), bytes: 0 };
    if ((await file.stat()).size > size) await file.truncate(0);
    for await (const piece of file.createReadStream({ autoClose: false, start: 0, highWaterMark: 1 << 20 })) {
      draft.hash.update(piece as Buffer);
      draft.bytes += (piece as Buffer).length;
    }
    return draft;
  }

  async #claimDraft(hex: string): Promise<string> {
    const own = join(this.#layout.blobs, `${hex}.${this.#layout.owner}.part`);
    for (const name of await readdir(this.#layout.blobs)) {
      const [, ofHex, owner = ''] = draftPattern.exec(name) ?? [];
      if (ofHex !== hex || owner === this.#layout.owner || isOwnerAlive(owner)) continue;
      await rename(join(this.#layout.blobs, name), own).catch(() => undefined); // another was faster
      break;
    }
    return own;
  }

  /** Removes unfinished downloads that nobody works on and nobody touched for so long. */
  async removeDrafts(idleMs: number): Promise<void> {
    for (const name of await readdir(this.#layout.blobs)) {
      const [, hex = '', owner = ''] = draftPattern.exec(name) ?? [];
      if (hex === '' || this.#flights.active.includes(`sha256:${hex}`)) continue;
      if (owner !== this.#layout.owner && isOwnerAlive(owner)) continue;
      const path = join(this.#layout.blobs, name);
      const touched = await stat(path).catch(() => undefined);
      if (touched !== undefined && this.#clock.now() - touched.mtimeMs >= idleMs) await rm(path, { force: true });
    }
  }

  /** Digests of what is whole. */
  async list(): Promise<string[]> {
    const names = await readdir(this.#layout.blobs);
    return names.filter((name) => /^[0-9a-f]{64}$/.test(name)).map((hex) => `sha256:${hex}`);
  }

  /** Reads a blob again; removes it and says false when its content has changed. */
  async verify(digest: string): Promise<boolean> {
    const hash = createHash('sha256');
    for await (const piece of this.stream(digest)) hash.update(piece);
    if (`sha256:${hash.digest('hex')}` === digest) return true;
    await rm(this.#layout.blob(digest), { force: true });
    return false;
  }
}

/** The sha256 digest of content in memory. */
export function digestOf(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Appends a stream to the draft, and to its hash. */
async function receive(
  draft: Draft,
  { digest, size }: Descriptor,
  { offset, stream }: OpenedBlob,
  report: (doneBytes: number) => void,
): Promise<void> {
  if (offset !== draft.bytes) {
    await draft.file.truncate(0);
    draft.hash = createHash('sha256');
    draft.bytes = 0;
  }
  for await (const piece of stream) {
    if (draft.bytes + piece.length > size) {
      await draft.file.truncate(0);
      throw new ImageError('ErrImagePull', `the content of ${digest} is larger than the ${size} bytes announced`);
    }
    await draft.file.appendFile(piece);
    draft.hash.update(piece);
    draft.bytes += piece.length;
    report(draft.bytes);
  }
}
