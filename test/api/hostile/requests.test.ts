import assert from 'node:assert/strict';
import { ApiHarness } from '../harness.ts';
import { configMapManifest, deploymentManifest, podManifest } from '../manifests.ts';
import { refusedApplies } from './applies.ts';
import { refusedBodies } from './bodies.ts';
import { refusedManifests } from './manifests.ts';
import { refusedParts } from './parts.ts';
import { refusedPodParts } from './pod-parts.ts';
import { refusedPatches } from './patches.ts';
import { refusedProtobuf } from './protobuf.ts';
import { refusedQueries } from './queries.ts';
import { deployments, maps, pods, type Row } from './row.ts';

const themes: Readonly<Record<string, readonly Row[]>> = {
  bodies: refusedBodies,
  protobuf: refusedProtobuf,
  manifests: refusedManifests,
  patches: refusedPatches,
  applies: refusedApplies,
  queries: refusedQueries,
  parts: refusedParts,
  'parts of pods': refusedPodParts,
};

describe('hostile requests', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
    const seeds = [
      [maps, configMapManifest('seed', { k: 'v' })],
      [pods, podManifest('bound')],
      [deployments, deploymentManifest('seed')],
    ] as const;
    for (const [path, body] of seeds) await api.call('POST', path, { body });
  });
  after(() => api.stop());

  const stillServes = async (version: number): Promise<void> => {
    assert.equal(api.store.version, version, 'something was stored');
    assert.equal((await api.call('GET', `${maps}/seed`)).code, 200);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  };

  for (const [theme, rows] of Object.entries(themes)) {
    for (const [name, method, path, options] of rows) {
      it(`are refused: ${theme}: ${name}`, async () => {
        const { version } = api.store;
        const { code, json, text } = await api.call(method, path, options);
        assert.ok(code >= 400 && code < 500, `${code}: ${text.slice(0, 300)}`);
        if (method !== 'HEAD' && text !== '404 page not found\n') {
          assert.equal(json?.kind, 'Status', text.slice(0, 300));
          assert.equal(json.code, code);
          assert.ok(json.reason && json.message);
        }
        await stillServes(version);
      });
    }
  }
});
