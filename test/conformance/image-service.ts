import assert from 'node:assert/strict';
import { ImageError, type ImageFailure, type ImageService } from '../../agent/images/image-service.ts';

export interface ImageServiceBench {
  images: ImageService;
  /** An image in a registry that the service reaches. */
  reference: string;
  /** Another name of the same image. */
  otherName: string;
  /** Makes `reference` lead to another image. */
  moveTag(): Promise<void>;
  close(): Promise<void>;
}

function isFailure(...failures: ImageFailure[]): (error: unknown) => boolean {
  return (error) => error instanceof ImageError && failures.includes(error.failure);
}

/** What every ImageService does. */
export function imageServiceConformance(name: string, open: () => Promise<ImageServiceBench>): void {
  describe(`ImageService: ${name}`, () => {
    let bench: ImageServiceBench;

    beforeEach(async () => {
      bench = await open();
    });

    afterEach(() => bench.close());

    it('has an image after pulling it, and not before', async () => {
      const { images, reference } = bench;
      assert.equal(await images.find(reference), undefined);
      const pulled = await images.pull(reference);
      assert.deepEqual(await images.find(reference), pulled);
      assert.deepEqual(await images.find(pulled.id), pulled);
      assert.deepEqual(await images.list(), [pulled]);
      assert.deepEqual(pulled.references, [reference]);
      assert.equal(pulled.repoDigests.length, 1);
      assert.ok(pulled.sizeBytes > 0);
    });

    it('finds and pulls it by its digest', async () => {
      const { images, reference } = bench;
      const pulled = await images.pull(reference);
      const [digest = ''] = pulled.repoDigests;
      assert.equal((await images.find(digest))?.id, pulled.id);
      assert.equal((await images.pull(digest)).id, pulled.id);
    });

    it('joins pulls of the same image and reports progress up to the whole', async () => {
      const { images, reference } = bench;
      let last = { doneBytes: 0, totalBytes: -1 };
      const onProgress = (progress: typeof last): void => {
        assert.ok(progress.doneBytes <= progress.totalBytes);
        last = progress;
      };
      const pulls = Array.from({ length: 20 }, () => images.pull(reference, { onProgress }));
      const ids = new Set((await Promise.all(pulls)).map(({ id }) => id));
      assert.equal(ids.size, 1);
      assert.equal(last.doneBytes, last.totalBytes);
    });

    it('keeps an image until its last name is removed', async () => {
      const { images, reference, otherName } = bench;
      const { id } = await images.pull(reference);
      const both = await images.pull(otherName);
      assert.equal(both.id, id);
      assert.deepEqual(both.references, [reference, otherName].sort());
      await images.remove(reference);
      assert.equal(await images.find(reference), undefined);
      assert.equal((await images.find(otherName))?.id, id);
      await images.remove(otherName);
      await images.remove(otherName);
      assert.deepEqual(await images.list(), []);
    });

    it('follows a name to another image when pulled again', async () => {
      const { images, reference, moveTag } = bench;
      const before = await images.pull(reference);
      await moveTag();
      const after = await images.pull(reference);
      assert.notEqual(after.id, before.id);
      assert.equal((await images.find(reference))?.id, after.id);
    });

    it('gives up when told to, and can pull afterwards', async () => {
      const { images, reference } = bench;
      const controller = new AbortController();
      controller.abort(new Error('not now'));
      await assert.rejects(images.pull(reference, { signal: controller.signal }), /not now/);
      assert.ok(await images.pull(reference));
    });

    it('says what is wrong with a name, and that an image does not exist', async () => {
      const { images, reference } = bench;
      await assert.rejects(images.pull('Not/A/Name:::'), isFailure('InvalidImageName'));
      await assert.rejects(images.find('UPPER'), isFailure('InvalidImageName'));
      await assert.rejects(images.pull(`${reference}-missing`), isFailure('ErrImagePull'));
      assert.deepEqual(await images.list(), []);
    });
  });
}
