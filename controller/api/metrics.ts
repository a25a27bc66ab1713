import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What happened to one request. */
export interface RequestLabels {
  verb: string;
  /** `pods`, `deployments/scale`, '' for paths that are no resource. */
  resource: string;
}

/** The API's own measurements, under the names dashboards of Kubernetes look for. */
export class ApiMetrics {
  readonly #total: Counter<'verb' | 'resource' | 'code'>;
  readonly #duration: Histogram<'verb' | 'resource'>;
  readonly #inflight: Gauge;
  readonly #watches: Gauge<'resource'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#total = new Counter({
      name: 'apiserver_request_total',
      help: 'Requests by verb, resource and HTTP code.',
      labelNames: ['verb', 'resource', 'code'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Time from the request to the end of its answer; watches and sessions are left out.',
      labelNames: ['verb', 'resource'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    });
    this.#inflight = new Gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests being answered; watches and sessions are left out.',
      registers,
    });
    this.#watches = new Gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Open watches, log streams and sessions.',
      labelNames: ['resource'],
      registers,
    });
  }

  began(): void {
    this.#inflight.inc();
  }

  /** `seconds` is undefined for an answer that went on. */
  ended({ verb, resource }: RequestLabels, code: number, seconds: number | undefined): void {
    this.#inflight.dec();
    this.#total.inc({ verb, resource, code: String(code) });
    if (seconds !== undefined) this.#duration.observe({ verb, resource }, seconds);
  }

  /** A request turned out to go on: it counts as open instead of in flight until `closed`. */
  opened(resource: string): void {
    this.#inflight.dec();
    this.#watches.inc({ resource });
  }

  closed(resource: string): void {
    this.#watches.dec({ resource });
    this.#inflight.inc();
  }
}
