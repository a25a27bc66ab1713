import { createHash } from 'node:crypto';
import { ImageError, type ImageRecord, type ImageService, type PullOptions } from '../../agent/images/image-service.ts';

/** Images in memory: every pull succeeds unless a test says how the registry fails. */
export class FakeImages implements ImageService {
  /** By reference: what the registry answers instead of the image. */
  readonly failures = new Map<string, ImageError>();
  /** References in order of pulls. */
  readonly pulls: string[] = [];
  readonly #present = new Map<string, ImageRecord>();
  /** Resolves before a pull goes on. */
  gate: Promise<void> = Promise.resolve();

  async pull(reference: string, options: PullOptions = {}): Promise<ImageRecord> {
    this.pulls.push(reference);
    await this.gate;
    options.signal?.throwIfAborted();
    const failure = this.failures.get(reference);
    if (failure !== undefined) throw failure;
    return this.add(reference);
  }

  /** Puts an image there without a pull. */
  add(reference: string, user = ''): ImageRecord {
    const id = `sha256:${createHash('sha256').update(reference).digest('hex')}`;
    const repoDigests = [`${reference.split(':')[0] ?? ''}@${id}`];
    const record = { id, references: [reference], repoDigests, sizeBytes: 1000, createdAt: 0, user };
    this.#present.set(reference, record);
    return record;
  }

  find(reference: string): Promise<ImageRecord | undefined> {
    if (/[A-Z ]/.test(reference)) {
      return Promise.reject(new ImageError('InvalidImageName', `invalid reference format: ${reference}`));
    }
    return Promise.resolve(this.#present.get(reference));
  }

  list(): Promise<ImageRecord[]> {
    return Promise.resolve([...this.#present.values()]);
  }

  remove(reference: string): Promise<void> {
    this.#present.delete(reference);
    return Promise.resolve();
  }
}
