import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';

/** One series of an instant query. */
export interface Series {
  metric: Record<string, string>;
  value: number;
}

/** A real Prometheus with a folder of its own. */
export class Prometheus {
  readonly #child: ChildProcess;
  readonly #url: string;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.#url = url;
  }

  /** One that scrapes one URL every second. */
  static start(directory: string, target: string): Promise<Prometheus> {
    mkdirSync(directory);
    const { host, pathname } = new URL(target);
    const job = { job_name: 'berth', metrics_path: pathname, static_configs: [{ targets: [host] }] };
    return Prometheus.startWith(directory, { scrape_configs: [job] });
  }

  /** One with a configuration, and a scrape every second. Files that it names are in the folder already. */
  static async startWith(directory: string, config: object): Promise<Prometheus> {
    const text = JSON.stringify({ ...config, global: { scrape_interval: '1s' } });
    writeFileSync(join(directory, 'prometheus.yml'), text);
    const [port] = await freePorts(1);
    const url = `http://127.0.0.1:${port}`;
    const log = openSync(join(directory, 'prometheus.log'), 'w');
    const args = [`--config.file=${directory}/prometheus.yml`, `--storage.tsdb.path=${directory}/data`];
    const child = spawn('prometheus', [...args, `--web.listen-address=127.0.0.1:${port}`], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    await until(async () => (await fetch(`${url}/-/ready`)).ok, 'Prometheus is ready', { withinMs: 30_000 });
    return new Prometheus(child, url);
  }

  async query(promql: string): Promise<Series[]> {
    const response = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(promql)}`);
    const { data, error } = (await response.json()) as {
      data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
      error?: string;
    };
    if (data === undefined) throw new Error(error);
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
