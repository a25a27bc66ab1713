import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../support/command.ts';
import { needs, needsRoot } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady } from './cluster.ts';
import { Prometheus, type Series } from './prometheus.ts';
import { shellDeployment, shellPod, toolsImage } from './shell-pods.ts';

const burn = 'while true; do :; done';

describe('metrics, as Prometheus reads them', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let prometheus: Prometheus | undefined;

  before(async function () {
    needsRoot(this);
    needs(this, existsSync('/usr/bin/prometheus'), 'prometheus');
    cluster = await Cluster.create();
    await cluster.importImage(toolsImage);
    await cluster.up();
    await cluster.create(
      shellPod('burner', burn, {}, { resources: { limits: { cpu: '200m', memory: '32Mi' } } }),
      shellPod('crashing', 'exit 1'),
      shellDeployment('web', 1, 'exec httpd -f -p 8080'),
    );
    await cluster.untilPod('burner', 'was ready', isReady);
    prometheus = await Prometheus.start(join(cluster.directory, 'prometheus'), cluster.ready.metrics);
  });
  after(async () => {
    await prometheus?.stop();
    await cluster?.destroy();
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });

  /** The one series of a query, once there is one as wanted. */
  const untilSeries = async (promql: string, isMet: (series: Series) => boolean = () => true): Promise<Series> => {
    let found: Series[] = [];
    await until(
      async () => {
        found = (await prometheus?.query(promql)) ?? [];
        return found.length === 1 && found.every(isMet);
      },
      promql,
      { withinMs: 60_000, everyMs: 250 },
    ).catch((error: unknown) => {
      throw new Error(`${promql} is ${JSON.stringify(found)}`, { cause: error });
    });
    const [series] = found;
    assert(series);
    return series;
  };

  it('gives the CPU rate of a container, with its labels', async () => {
    const promql = 'rate(container_cpu_usage_seconds_total{pod="burner"}[30s])';
    // Limited to a fifth of a core; the first points are of its start.
    const { metric, value } = await untilSeries(promql, (series) => series.value > 0.05);
    assert(value < 0.3, `${value} cores`);
    const { instance, ...labels } = metric;
    assert.equal(instance, new URL(cluster.ready.metrics).host);
    assert.deepEqual(labels, {
      namespace: 'default',
      pod: 'burner',
      container: 'main',
      node: 'node-1',
      job: 'berth',
    });
  });

  it('gives memory, network and restarts of containers, and what the cluster is made of', async () => {
    const memory = await untilSeries('container_memory_working_set_bytes{pod="burner",container="main"}');
    assert(memory.value > 10_000 && memory.value < 32 << 20, `${memory.value} bytes`);
    await untilSeries('container_network_receive_bytes_total{pod="burner"}');
    await untilSeries(
      'kube_pod_container_status_restarts_total{pod="crashing",container="main"}',
      ({ value }) => value >= 1,
    );
    await untilSeries('kube_node_status_ready{node="node-1"} == 1');
    await untilSeries('kube_deployment_status_replicas_available{deployment="web"} == 1');
    await untilSeries('up == 1');
  });

  it('says how the control plane does', async () => {
    const text = await (await fetch(cluster.ready.metrics)).text();
    for (const name of ['apiserver_request_total', 'scheduler_', 'workqueue_', 'store_', 'process_resident_memory']) {
      assert.match(text, new RegExp(`^# TYPE (\\w*_)?${name}`, 'm'), name);
    }
  });

  it('is written as Prometheus wants it', async () => {
    const text = await (await fetch(cluster.ready.metrics)).text();
    const { code, stdout, stderr } = await runCommand('promtool', ['check', 'metrics'], { stdin: text });
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  });
});
