import assert from 'node:assert/strict';
import { needsKubectl } from '../api/kubectl.ts';
import { needs } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady } from './cluster.ts';
import { shellPod, toolsImage } from './shell-pods.ts';

describe('kubectl top', function () {
  this.timeout(120_000);
  let cluster: Cluster;

  before(async function () {
    needs(this, process.getuid?.() === 0, 'root');
    needsKubectl(this);
    cluster = await Cluster.create();
    await cluster.up();
    await cluster.importImage(toolsImage);
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });
  after(() => cluster?.destroy());

  it('shows what pods and nodes use', async () => {
    const kubectl = await cluster.kubectl();
    const limits = { cpu: '200m', memory: '32Mi' };
    await cluster.create(shellPod('burner', 'while true; do :; done', {}, { resources: { limits } }));
    await cluster.untilPod('burner', 'is ready', isReady);
    let shown = '';
    // A fifth of a core, by its limit; the first numbers are of its start.
    await until(
      async () => {
        shown = (await kubectl.run(['top', 'pod', 'burner', '--containers', '--no-headers'])).stdout;
        const [, milli = '0'] = / (\d+)m /.exec(shown) ?? [];
        return Number(milli) > 150 && Number(milli) < 260;
      },
      'the load is measured',
      { withinMs: 60_000, everyMs: 500 },
    ).catch((error: unknown) => assert.fail(`${shown}: ${String(error)}`));
    assert.match(await kubectl.ok('top node --no-headers'), /^node-1 +\d+m +\d+% +\d+Mi +\d+%/);
  });
});
