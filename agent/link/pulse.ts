import { Worker } from 'node:worker_threads';
import type { Heartbeat } from '../../shared/bus/messages.ts';
import type { Logger } from '../../shared/log.ts';
import type { PulseData, PulseNews } from './pulse-worker.ts';

/** The node's sign of life, once a second. `tell` is called as often, and says what goes with it. */
export class Pulse {
  readonly #worker: Worker;
  readonly #log: Logger;
  #isRunning = true;

  constructor(data: PulseData, log: Logger) {
    this.#log = log;
    // The compiler does not rewrite the ending in a URL, and both sources and their compiled form must run.
    const file = import.meta.url.endsWith('.ts') ? './pulse-worker.ts' : './pulse-worker.js';
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: data });
    this.#worker.on('error', (error) => log.error('heartbeat thread failed', { error }));
    this.#worker.on('exit', () => {
      this.#isRunning = false;
    });
  }

  /** False when the thread has ended: somebody else has to send. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  tell(heartbeat: Heartbeat): void {
    this.#post({ heartbeat });
  }

  /** A newer credential for its next connection. */
  renew(jwt: string): void {
    this.#post({ jwt });
  }

  async close(): Promise<void> {
    this.#log.debug('heartbeats end');
    await this.#worker.terminate();
  }

  #post(news: PulseNews): void {
    this.#worker.postMessage(news, []);
  }
}
