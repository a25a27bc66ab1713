import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Garbage, planCollection, type StoreContent } from '../../../agent/images/collection.ts';

const digest = fc.constantFrom(...'abcdefgh'.split(''));
const some = fc.uniqueArray(digest, { maxLength: 4 });
const content: fc.Arbitrary<StoreContent> = fc.record({
  references: fc.array(
    fc.record({ name: fc.string(), imageId: digest, manifest: digest, repoDigest: fc.constant(''), blobs: some }),
    { maxLength: 3 },
  ),
  images: fc.uniqueArray(
    fc.record({
      id: digest,
      diffIds: some,
      sizeBytes: fc.constant(1),
      createdAt: fc.constant(0),
      user: fc.constant(''),
    }),
    { maxLength: 4, selector: ({ id }) => id },
  ),
  snapshots: fc.array(fc.record({ container: fc.string(), imageId: digest, diffIds: some }), { maxLength: 2 }),
  claims: fc.array(fc.record({ blobs: some, diffIds: some, imageIds: some }), { maxLength: 2 }),
  layers: fc.uniqueArray(digest),
  blobs: fc.uniqueArray(digest),
});

function apply(before: StoreContent, { images, layers, blobs }: Garbage): StoreContent {
  return {
    ...before,
    images: before.images.filter(({ id }) => !images.includes(id)),
    layers: before.layers.filter((one) => !layers.includes(one)),
    blobs: before.blobs.filter((one) => !blobs.includes(one)),
  };
}

describe('what the image store removes', () => {
  it('never takes what a name, a container or running work needs', () => {
    fc.assert(
      fc.property(content, (before) => {
        const garbage = planCollection(before);
        const named = new Set(before.references.map(({ imageId }) => imageId));
        for (const { id, diffIds } of before.images.filter((image) => named.has(image.id))) {
          assert.ok(!garbage.images.includes(id));
          assert.ok(!diffIds.some((layer) => garbage.layers.includes(layer)));
        }
        for (const { blobs } of before.references) assert.ok(!blobs.some((blob) => garbage.blobs.includes(blob)));
        for (const { diffIds } of before.snapshots) assert.ok(!diffIds.some((layer) => garbage.layers.includes(layer)));
        for (const { blobs, diffIds, imageIds } of before.claims) {
          assert.ok(!blobs.some((blob) => garbage.blobs.includes(blob)));
          assert.ok(!diffIds.some((layer) => garbage.layers.includes(layer)));
          assert.ok(!imageIds.some((id) => garbage.images.includes(id)));
        }
      }),
    );
  });

  it('leaves nothing to remove, and takes all when nothing is named, used or claimed', () => {
    fc.assert(
      fc.property(content, (before) => {
        const after = apply(before, planCollection(before));
        assert.deepEqual(planCollection(after), { images: [], layers: [], blobs: [] });
        const bare = { ...before, references: [], snapshots: [], claims: [] };
        const { images, layers, blobs } = apply(bare, planCollection(bare));
        assert.deepEqual([images, layers, blobs], [[], [], []]);
      }),
    );
  });
});
