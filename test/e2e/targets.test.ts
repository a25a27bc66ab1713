import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { needsKubectl } from '../api/kubectl.ts';
import { fencedBlocks, shellLines } from '../docs/shell-lines.ts';
import { outputOf } from '../support/command.ts';
import { needs, needsRoot } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady } from './cluster.ts';
import { Prometheus, type Series } from './prometheus.ts';
import { shellPod, toolsImage } from './shell-pods.ts';

const page = 'docs/metrics.md';
/** Serves one metric. */
const exporter = 'mkdir -p /www; echo visitors 42 > /www/numbers; exec httpd -f -p 9100 -h /www';
const annotations = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': '9100',
  'prometheus.io/path': '/numbers',
};

describe('pods, found and scraped by Prometheus as the documentation says', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let prometheus: Prometheus | undefined;

  before(async function () {
    needsRoot(this);
    needsKubectl(this);
    needs(this, existsSync('/usr/bin/prometheus'), 'prometheus');
    cluster = await Cluster.create();
    await cluster.up();
    await cluster.importImage(toolsImage);
    const folder = join(cluster.directory, 'prometheus');
    mkdirSync(folder);
    const env = { ...process.env, KUBECONFIG: cluster.ready.kubeconfig } as Record<string, string>;
    for (const { command } of shellLines(page)) await outputOf('bash', ['-c', `cd '${folder}' && ${command}`], { env });
    const [{ text } = assert.fail('no configuration')] = fencedBlocks(page, 'yaml');
    const { api, metrics } = cluster.ready;
    const here = text.replace('https://127.0.0.1:7443', api).replace('127.0.0.1:7480', new URL(metrics).host);
    const soon = here.replace('refresh_interval: 15s', 'refresh_interval: 1s');
    prometheus = await Prometheus.startWith(folder, parse(soon) as object);
  });
  after(async () => {
    await prometheus?.stop();
    await cluster?.destroy();
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });

  const untilSeries = async (promql: string, isMet: (series: Series[]) => boolean): Promise<Series[]> => {
    let found: Series[] = [];
    await until(
      async () => {
        found = (await prometheus?.query(promql)) ?? [];
        return isMet(found);
      },
      promql,
      { withinMs: 60_000, everyMs: 250 },
    ).catch((error: unknown) => {
      throw new Error(`${promql} is ${JSON.stringify(found)}`, { cause: error });
    });
    return found;
  };

  it('scrapes pods that ask for it, at their port and path, until they are gone', async () => {
    const asks = shellPod('exporter', exporter);
    await cluster.create({ ...asks, metadata: { ...asks.metadata, annotations } }, shellPod('silent', exporter));
    for (const name of ['exporter', 'silent']) await cluster.untilPod(name, 'is ready', isReady);
    const [series] = await untilSeries('visitors', (found) => found.length === 1);
    const { instance, ...labels } = series?.metric ?? {};
    const { podIP } = (await cluster.pod('exporter'))?.status ?? {};
    assert.equal(instance, `${podIP}:9100`);
    assert.deepEqual(
      [labels, series?.value],
      [{ __name__: 'visitors', job: 'pods', namespace: 'default', pod: 'exporter' }, 42],
    );
    await cluster.delete('/api/v1/namespaces/default/pods/exporter');
    await untilSeries('up{job="pods"}', (found) => found.length === 0);
    await untilSeries('up{job="berth"} == 1', (found) => found.length === 1);
  });
});
