import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../../shared/log.ts';
import { type Amounts, podRequests } from '../../shared/objects/pod-requests.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import type { Scope } from '../../shared/scope.ts';
import { BackoffNews } from './backoff-news.ts';
import { pullFailureShownMs } from './container-status.ts';
import { harvest } from './harvest.ts';
import { resizeFailure, waitsForConfig } from './hold.ts';
import { deadlineOf, planPod } from './plan.ts';
import type { PodDeps } from './pod-deps.ts';
import { PodEvents } from './pod-events.ts';
import { type PodRecord, newRecord } from './pod-record.ts';
import { PodSize } from './pod-size.ts';
import { type PodView, endedContainers, evicted, graceMsOf, outcomeOf, specOf } from './pod-view.ts';
import { ProbeLoops } from './probe-loops.ts';
import { probeTargets } from './probe-targets.ts';
import { runtimeStateOf } from './runtime-state.ts';
import { podIPOf, podStatus } from './status.ts';
import { containerKey } from './step.ts';
import { StepRunner } from './step-runner.ts';

/** Never goes back. */
export type PodLife = 'syncing' | 'terminating' | 'terminated' | 'finished';

const deadlineFailure = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
};

/**
 * Decides alone whether the containers of one pod run. `once` looks, plans, sets long steps going and returns; it must
 * not run twice at the same time. Whatever ends calls `poke`, which must lead to another `once`.
 */
export class PodWorker {
  readonly uid: string;
  readonly #deps: PodDeps;
  readonly #log: Logger;
  readonly #steps: StepRunner;
  readonly #probes: ProbeLoops;
  readonly #news = new BackoffNews();
  readonly #scope: Scope;
  readonly #poke: () => void;
  readonly #size: PodSize;
  #isWanted: boolean;
  #life: PodLife = 'syncing';
  #record: PodRecord | undefined;
  #hasReported = false;
  #over: ReadonlySet<string> = new Set();
  #eviction: PodRecord['failure'];
  #saving: Promise<void> = Promise.resolve();
  /** The write that has not begun. */
  #nextSave: Promise<void> | undefined;

  /** `isWanted` is false for what an earlier process left of a pod that the controller no longer names. */
  constructor(deps: PodDeps, pod: Stored<Pod>, isWanted: boolean, scope: Scope, poke: () => void) {
    this.uid = pod.metadata.uid;
    this.#deps = deps;
    this.#size = new PodSize(deps, pod);
    this.#isWanted = isWanted;
    this.#poke = poke;
    this.#scope = scope;
    this.#log = deps.log.child({ pod: `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`, uid: this.uid });
    this.#steps = new StepRunner(scope, this.#log, poke);
    const { prober, clock } = deps;
    const events = (): PodEvents => this.#events();
    this.#probes = new ProbeLoops({ prober, clock, log: this.#log, events, onChange: poke }, scope);
  }

  get life(): PodLife {
    return this.#life;
  }

  get pod(): Stored<Pod> {
    return this.#size.pod;
  }

  get #pod(): Stored<Pod> {
    return this.#size.pod;
  }

  /** What of the node is taken by it. */
  get requests(): Amounts {
    return this.#life === 'finished' || this.#isOver ? {} : podRequests(specOf(this.#pod));
  }

  /** Says that the pod's containers run, or are to. */
  get isActive(): boolean {
    return this.#life === 'syncing' && !this.#isOver;
  }

  get #isOver(): boolean {
    const { failure, status } = this.#record ?? {};
    return failure !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed';
  }

  /** The controller's newest word; undefined when it names the pod no more. */
  update(pod: Stored<Pod> | undefined): void {
    if (pod === undefined) this.#isWanted = false;
    else {
      const images = (of: Stored<Pod>): unknown => specOf(of).containers.map(({ image }) => image);
      if (!isDeepStrictEqual(images(pod), images(this.#pod))) this.#steps.forgetHolds(() => true);
      if (!isDeepStrictEqual(shownMetadata(pod), shownMetadata(this.#pod))) this.#steps.areVolumesReady = false;
      if (this.#size.ask(pod, this.#record)) this.#steps.forgetHolds(({ reason }) => reason === resizeFailure);
    }
    this.#poke();
  }

  /** A config map, secret or service account of the pod's namespace changed. */
  configChanged(): void {
    this.#steps.forgetHolds(waitsForConfig);
    this.#steps.areVolumesReady = false;
    this.#poke();
  }

  /** Ends the pod for good, for it takes more of the node than it may. A second call does nothing. */
  evict(message: string): void {
    this.#eviction ??= { reason: evicted, message };
    this.#poke();
  }

  /** Says that this container may still write to its log, now or after a restart. */
  mayRun(container: string): boolean {
    return this.#life !== 'finished' && !this.#over.has(container);
  }

  /** One pass; the delay after which to come back by itself. */
  async once(): Promise<number | undefined> {
    if (this.#life === 'finished') return undefined;
    const record = await this.#load();
    if (this.#steps.isCleanedUp) {
      this.#finish(record);
      return undefined;
    }
    const busy = this.#steps.busy(); // before the listing: what a step under way makes may be missing in it
    const { sandboxes, containers } = await runtimeStateOf(this.#deps.driver, this.uid);
    const now = this.#deps.clock.now();
    const hasGranted = this.#grant(record);
    const tailLog = this.#deps.logs.tail.bind(this.#deps.logs);
    const paths = this.#deps.paths;
    const hasHarvested = await harvest(this.#pod, record, containers, busy, now, { paths, tailLog });
    const observed = this.#view(record, { sandboxes, containers, busy, now });
    const hasEnded = this.#judgeEnd(record, observed);
    this.#syncProbes(observed, record);
    const view = this.#view(record, observed);
    const plan = planPod(view);
    const podIP = podIPOf(view, this.#deps.node);
    const context = { deps: this.#deps, pod: this.#pod, record, events: this.#events(), podIP };
    this.#steps.start(plan.steps, { ...context, persist: () => this.#persist(record) });
    this.#news.tell(view, this.#events());
    this.#size.tell(view, this.#events());
    const hasChanged = this.#report(view, record);
    if (hasHarvested || hasEnded || hasGranted || hasChanged) void this.#persist(record);
    return nextLook(view, plan.wakeAt);
  }

  /** Forgets the pod on disk. Call when it is finished and no longer named. */
  async forget(): Promise<void> {
    await this.#saving;
    await this.#deps.records.remove(this.uid);
  }

  #events(): PodEvents {
    return new PodEvents(this.#deps.link, this.#deps.clock, this.#pod);
  }

  async #load(): Promise<PodRecord> {
    if (this.#record !== undefined) return this.#record;
    const { namespace = 'default', name } = this.#pod.metadata;
    const saved = await this.#deps.records.load(this.uid);
    this.#record = saved ?? newRecord(namespace, name, this.uid, this.#deps.clock.now());
    this.#size.ask(this.#pod, this.#record);
    return this.#record;
  }

  /** True when the record changed. */
  #grant(record: PodRecord): boolean {
    const isEnding = this.#life !== 'syncing' || !this.#isWanted || record.ending !== undefined;
    if (isEnding || this.#isOver || !this.#size.grant(record, this.#events())) return false;
    this.#steps.areVolumesReady = false; // files of the downward API may show it
    return true;
  }

  #view(record: PodRecord, observed: Pick<PodView, 'sandboxes' | 'containers' | 'busy' | 'now'>): PodView {
    const { sandboxes, containers, busy, now } = observed;
    const { holds, stopping, areVolumesReady } = this.#steps;
    const probes = this.#probes.verdicts;
    const { refusal } = this.#size;
    const resize = refusal === undefined ? {} : { resizeRefusal: refusal };
    const view = {
      ...resize,
      pod: this.#pod,
      record,
      sandboxes,
      containers,
      busy,
      now,
      holds,
      stopping,
      areVolumesReady,
      probes,
    };
    const { ending } = record;
    return this.#life === 'syncing' || ending === undefined ? view : { ...view, end: { ...ending, removes: true } };
  }

  /** Moves life forward; true when the record changed. */
  #judgeEnd(record: PodRecord, view: PodView): boolean {
    const deadline = deadlineOf(view);
    const isLate = deadline !== undefined && deadline <= view.now;
    const failure =
      outcomeOf(view) === undefined ? (this.#eviction ?? (isLate ? deadlineFailure : undefined)) : undefined;
    const hasFailed = failure !== undefined;
    if (hasFailed) {
      record.failure = failure;
      this.#events()[failure === deadlineFailure ? 'normal' : 'warning'](failure.reason, failure.message);
    }
    const { deletionTimestamp, deletionGracePeriodSeconds: seconds } = this.#pod.metadata;
    if (this.#isWanted && deletionTimestamp === undefined) return hasFailed;
    const graceMs = deletionTimestamp !== undefined && seconds !== undefined ? seconds * 1000 : graceMsOf(view);
    const isShorter = record.ending === undefined || graceMs < record.ending.graceMs;
    if (isShorter) record.ending = { since: view.now, graceMs };
    if (this.#life === 'syncing') {
      this.#life = 'terminating';
      this.#steps.abandonStarts();
      this.#probes.stop();
    }
    return hasFailed || isShorter;
  }

  #syncProbes(view: PodView, record: PodRecord): void {
    if (this.#life !== 'syncing') return;
    const running = view.containers.filter(({ state, name }) => {
      return state === 'running' && !view.busy.has(containerKey(name));
    });
    this.#probes.sync(probeTargets(this.#pod, running, record, podIPOf(view, this.#deps.node)));
  }

  /** Reports the status when it changed, and once per process; true when it changed. */
  #report(view: PodView, record: PodRecord): boolean {
    const status = podStatus(view, { hostIP: this.#deps.node.hostIP, runtime: this.#deps.driver.name });
    this.#over = endedContainers(view, status);
    if (view.end !== undefined && view.containers.length === 0 && this.#life === 'terminating')
      this.#life = 'terminated';
    if (!this.#isWanted) return false;
    const hasChanged = !isDeepStrictEqual(status, record.status);
    record.status = status;
    if (!hasChanged && this.#hasReported) return false;
    this.#hasReported = true;
    this.#deps.link.report({ namespace: record.namespace, name: record.name, uid: this.uid, status });
    return hasChanged;
  }

  #finish({ namespace, name, uid, status }: PodRecord): void {
    this.#life = 'finished';
    if (this.#isWanted) this.#deps.link.report({ namespace, name, uid, status: status ?? {}, finished: true });
  }

  /**
   * One write after the other, each of what the record holds then; the scope ends with the last. Pods do not wait for
   * the disk, and a full one does not stop them.
   */
  #persist(record: PodRecord): Promise<void> {
    this.#nextSave ??= this.#saving
      .then(() => {
        this.#nextSave = undefined;
        return this.#deps.records.save(record);
      })
      .catch((error: unknown) => this.#log.error('cannot save the record of a pod', { error }));
    const saving = this.#nextSave;
    this.#saving = saving;
    this.#scope.spawn(
      () => saving,
      () => undefined,
    );
    return saving;
  }
}

/** What the files of downward API volumes may show, and users may change. */
function shownMetadata({ metadata: { labels, annotations } }: Stored<Pod>): unknown {
  return { labels, annotations };
}

/** A fresh pull failure changes its name after a moment. */
function nextLook({ holds, now }: PodView, wakeAt: number | undefined): number | undefined {
  const renames = [...holds.values()].map(({ since }) => since + pullFailureShownMs).filter((at) => at > now);
  const next = Math.min(wakeAt ?? Infinity, ...renames);
  return next === Infinity ? undefined : Math.max(0, next - now);
}
