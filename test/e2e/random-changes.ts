import type { CallOptions } from '../../cli/client/client.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Deployment, Pod, Stored } from '../../shared/objects/types.ts';
import { podsPath, type Cluster } from './cluster.ts';
import { idle, shellDeployment, shellPod } from './shell-pods.ts';

const deploymentsPath = '/apis/apps/v1/namespaces/default/deployments';
/** At a time. */
const mostPods = 8;
const patienceMs = 2000;

/**
 * A user who creates and deletes pods and scales a deployment, while the API comes and goes. What was acknowledged is
 * remembered; what got no answer may have happened or not.
 */
export class RandomChanges {
  readonly #cluster: Cluster;
  readonly #random: () => number;
  readonly #pods = new Map<string, 'there' | 'gone' | 'unknown'>();
  #replicas: number | undefined;
  #count = 0;
  unanswered = 0;

  constructor(cluster: Cluster, random: () => number) {
    this.#cluster = cluster;
    this.#random = random;
  }

  /** How many changes were tried. */
  get count(): number {
    return this.#count;
  }

  async begin(): Promise<void> {
    await this.#cluster.create(shellDeployment('scaled', 2, idle));
    this.#replicas = 2;
  }

  async next(): Promise<void> {
    this.#count += 1;
    const there = [...this.#pods].filter(([, state]) => state !== 'gone').map(([name]) => name);
    const chance = this.#random();
    const victim = there[Math.floor(this.#random() * there.length)];
    if (chance < 0.25) await this.#scale(Math.floor(this.#random() * 5));
    else if (victim !== undefined && (chance > 0.6 || there.length >= mostPods)) await this.#delete(victim);
    else await this.#create(`pod-${this.#count}`);
  }

  /** What is not as it was acknowledged; [] when all is. */
  async differences(): Promise<string[]> {
    const pods = new Map((await this.#cluster.pods()).map((pod) => [pod.metadata.name, pod]));
    const wrong = [...this.#pods].flatMap(([name, state]) => {
      const isThere = pods.has(name);
      return (state === 'there' && !isThere) || (state === 'gone' && isThere) ? [`${name} should be ${state}`] : [];
    });
    const deployment = await this.#cluster.client.call<Stored<Deployment>>('GET', `${deploymentsPath}/scaled`);
    const { replicas } = deployment.spec ?? {};
    if (this.#replicas !== undefined && replicas !== this.#replicas) wrong.push(`${replicas} replicas wanted`);
    const owned = [...pods.values()].filter((pod) => pod.metadata.labels?.['app'] === 'scaled');
    if (owned.length !== replicas) wrong.push(`${owned.length} of ${replicas} replicas`);
    return [...wrong, ...[...pods.values()].filter((pod) => !isAtRest(pod)).map(describePod)];
  }

  async #create(name: string): Promise<void> {
    const result = await this.#ask('POST', podsPath, { body: shellPod(name, idle) });
    this.#pods.set(name, result === 'unknown' ? 'unknown' : 'there');
  }

  async #delete(name: string): Promise<void> {
    const result = await this.#ask('DELETE', `${podsPath}/${name}`);
    this.#pods.set(name, result === 'unknown' ? 'unknown' : 'gone');
  }

  async #scale(replicas: number): Promise<void> {
    const options = { body: { spec: { replicas } }, contentType: 'application/merge-patch+json' };
    const result = await this.#ask('PATCH', `${deploymentsPath}/scaled`, options);
    this.#replicas = result === 'unknown' ? undefined : replicas;
  }

  async #ask(method: string, path: string, options: CallOptions = {}): Promise<'done' | 'unknown'> {
    try {
      await this.#cluster.client.call(method, path, { ...options, signal: AbortSignal.timeout(patienceMs) });
      return 'done';
    } catch (error) {
      if (hasReason(error, 'NotFound')) return 'done'; // an earlier deletion that got no answer
      this.unanswered += 1;
      return 'unknown';
    }
  }
}

function isAtRest(pod: Stored<Pod>): boolean {
  const [status] = pod.status?.containerStatuses ?? [];
  return pod.metadata.deletionTimestamp === undefined && status?.ready === true;
}

function describePod({ metadata, spec, status }: Stored<Pod>): string {
  const { state } = status?.containerStatuses?.[0] ?? {};
  const leaving = metadata.deletionTimestamp === undefined ? '' : ' (being deleted)';
  return `${metadata.name} on ${spec?.nodeName} is ${status?.phase} ${JSON.stringify(state)}${leaving}`;
}
