import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepPodNetwork, readPodNetwork } from '../../../agent/node/pod-network.ts';
import { agentPaths, type AgentPaths } from '../../../agent/paths.ts';
import { silentLogger } from '../../../shared/log.ts';

describe('kept pod network', () => {
  let directory: string;
  let paths: AgentPaths;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-pod-network-'));
    paths = agentPaths(directory, 'node-1');
    await mkdir(paths.data, { recursive: true });
  });
  after(async () => rm(directory, { recursive: true, force: true }));

  it('is what was kept, and nothing before', async () => {
    assert.equal(await readPodNetwork(paths, silentLogger), undefined);
    await keepPodNetwork(paths, '10.90.3.0/24');
    assert.equal(await readPodNetwork(paths, silentLogger), '10.90.3.0/24');
  });

  for (const text of ['', '\0\0\0', '10.127.', '10.127.0.0', '10.127.0.0/', '10.127.0.0/99', '{"garbage']) {
    it(`is asked for again when the file holds ${JSON.stringify(text)}`, async () => {
      await writeFile(join(paths.data, 'pod-network'), text);
      assert.equal(await readPodNetwork(paths, silentLogger), undefined);
    });
  }
});
