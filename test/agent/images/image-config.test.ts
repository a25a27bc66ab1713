import assert from 'node:assert/strict';
import { parseImageDocument } from '../../../agent/images/manifest.ts';

const parse = (config: unknown): unknown =>
  parseImageDocument(Buffer.from(JSON.stringify({ config, rootfs: { diff_ids: [] } }))).config;

describe('the config of an image', () => {
  it('may say nothing, or null, for what there is not', () => {
    assert.deepEqual(parse(undefined), {});
    assert.deepEqual(parse(null), {});
    const nothing = { Entrypoint: null, Cmd: null, Env: null, WorkingDir: '', User: '', Volumes: null };
    assert.deepEqual(parse(nothing), nothing);
  });

  it('is refused, by the name of the field, when a value is of another type', () => {
    const wrong: Record<string, unknown>[] = [
      { Entrypoint: '/bin/sh -c' },
      { Cmd: 'sh' },
      { Cmd: ['sh', 1] },
      { Env: [null] },
      { Env: { PATH: '/bin' } },
      { WorkingDir: ['/'] },
      { User: 0 },
      { StopSignal: 15 },
    ];
    for (const config of wrong) {
      const [field = ''] = Object.keys(config);
      assert.throws(() => parse(config), new RegExp(`${field} of the image config is not a `), JSON.stringify(config));
    }
  });
});
