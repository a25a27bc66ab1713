import assert from 'node:assert/strict';
import { ApiHarness } from '../harness.ts';
import { configMapManifest, deploymentManifest, podManifest } from '../manifests.ts';
import { refusedApplies } from './applies.ts';
import { refusedBodies } from './bodies.ts';
import { refusedPatches } from './patches.ts';
import { refusedProtobuf } from './protobuf.ts';
import { deployments, maps, pods } from './row.ts';
import { usedBytes } from './used-bytes.ts';

const rounds = 5;
const allowedGrowthBytes = 16 * 1024 * 1024;

describe('memory under hostile requests', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
    await api.call('POST', maps, { body: configMapManifest('seed', { k: 'v' }) });
    await api.call('POST', pods, { body: podManifest('bound') });
    await api.call('POST', deployments, { body: deploymentManifest('seed') });
  });
  after(() => api.stop());

  const sendAll = async (): Promise<void> => {
    for (const [, method, path, options] of [
      ...refusedBodies,
      ...refusedPatches,
      ...refusedApplies,
      ...refusedProtobuf,
    ]) {
      await api.call(method, path, options);
    }
  };

  it('stays flat', async () => {
    await sendAll();
    const first = usedBytes();
    for (let round = 0; round < rounds; round += 1) await sendAll();
    const growth = usedBytes() - first;
    assert.ok(growth < allowedGrowthBytes, `${growth} bytes more after ${rounds} rounds`);
  });
});
