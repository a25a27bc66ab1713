import { setImmediate } from 'node:timers/promises';
import { Scope } from '../../../shared/scope.ts';
import { resourceName } from '../../../shared/objects/resources.ts';
import type { Change } from '../../store/store.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import type { Reply } from '../http/reply.ts';
import { failureStatus } from '../http/status.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { textOf } from './event-text.ts';
import { Representation } from './representation.ts';
import { Selection } from './selection.ts';
import { checkListOptions, parseVersion } from './versions.ts';
import { eventOf } from './watch-events.ts';

const bookmarkMs = 60_000;
/** Longest wait a timer can keep. */
const maxTimeoutMs = 2_147_483_000;

interface WatchPlan {
  target: ResourceTarget;
  selection: Selection;
  representation: Representation;
  /** Undefined: begin with what there is. */
  from: number | undefined;
  wantsBookmarks: boolean;
  /** Close what there is at the start with a marked bookmark. */
  marksInitialEnd: boolean;
  timeoutMs: number | undefined;
}

/** GET with `watch`: events one a line until the client goes, its timeout ends or it fell too far behind. */
export function watchObjects(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Reply {
  const { query } = request;
  checkListOptions(query, true);
  const version = parseVersion(query) ?? 0;
  const initialEvents = query.has('sendInitialEvents') ? request.flag('sendInitialEvents') : undefined;
  const timeoutSeconds = request.count('timeoutSeconds') ?? 0;
  const plan: WatchPlan = {
    target,
    selection: new Selection(target, query),
    representation: new Representation(target, negotiateForm(request.headers.accept, 'stream'), query, deps.clock),
    from: fromVersion(version, initialEvents, deps.store.version),
    wantsBookmarks: request.flag('allowWatchBookmarks'),
    marksInitialEnd: initialEvents === true,
    timeoutMs: timeoutSeconds === 0 ? undefined : Math.min(timeoutSeconds * 1_000, maxTimeoutMs),
  };
  return { kind: 'stream', contentType: 'application/json', chunks: watchFrames(deps, plan, request.signal) };
}

function fromVersion(version: number, initialEvents: boolean | undefined, current: number): number | undefined {
  if (initialEvents === true) return undefined;
  if (version !== 0) return version;
  return initialEvents === undefined ? undefined : current;
}

/** The lines of a watch. An error while it runs is its last event. */
async function* watchFrames(deps: ApiDeps, plan: WatchPlan, signal: AbortSignal): AsyncGenerator<string, void> {
  const scope = new Scope('watch');
  const stop = (): void => void scope.close();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const { timeoutMs } = plan;
  if (timeoutMs !== undefined) scope.spawn(async (signal) => closeAfter(scope, deps, timeoutMs, signal), stop);
  try {
    let { from } = plan;
    if (from === undefined) {
      const { items, version } = deps.store.list(resourceName(plan.target.info), plan.target);
      for (const object of items) {
        if (plan.selection.has(object)) yield frame('ADDED', plan.representation.event(object));
      }
      if (plan.marksInitialEnd) {
        const mark = { 'k8s.io/initial-events-end': 'true' };
        yield frame('BOOKMARK', plan.representation.bookmark(String(version), mark));
      }
      from = version;
    }
    yield* followFrames(deps, plan, from, scope);
  } catch (error) {
    yield frame('ERROR', failureStatus(error, deps.log));
  } finally {
    signal.removeEventListener('abort', stop);
    void scope.close();
  }
}

async function closeAfter(scope: Scope, { clock }: ApiDeps, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal);
  void scope.close();
}

/** Changes, and between them bookmarks when it is time for one. */
async function* followFrames(deps: ApiDeps, plan: WatchPlan, from: number, scope: Scope): AsyncGenerator<string, void> {
  const { info, namespace } = plan.target;
  const follower = new Follower(
    deps.store.watch({ resource: resourceName(info), namespace, from, signal: scope.signal }),
  );
  if (plan.wantsBookmarks)
    scope.spawn(
      (signal) => follower.tick(deps, signal),
      () => undefined,
    );
  for (;;) {
    const change = follower.take();
    if (change === 'end') return;
    if (change !== undefined) {
      const event = eventOf(change, plan.selection);
      if (event !== undefined) yield frame(event.type, plan.representation.event(event.object));
    } else if (follower.bookmarkDue) {
      const { version } = deps.store;
      // Changes up to that version reach the follower within this turn: if none came, all have been sent.
      await setImmediate();
      if (!follower.isIdle) continue;
      follower.bookmarkDue = false;
      yield frame('BOOKMARK', plan.representation.bookmark(String(version)));
    } else {
      await follower.wait();
    }
  }
}

/** One change of a source read ahead, so that a timer can come between two changes. */
class Follower {
  bookmarkDue = false;
  readonly #source: AsyncGenerator<Change, void>;
  #next: { change: Change } | 'end' | { error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(source: AsyncGenerator<Change, void>) {
    this.#source = source;
    void this.#pull();
  }

  get isIdle(): boolean {
    return this.#next === undefined;
  }

  /** The next change if there is one. Throws what the source threw. */
  take(): Change | 'end' | undefined {
    const next = this.#next;
    if (next === undefined || next === 'end') return next;
    if ('error' in next) throw next.error;
    this.#next = undefined;
    void this.#pull();
    return next.change;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (!this.isIdle || this.bookmarkDue) resolve();
    });
  }

  /** Makes a bookmark due once a minute. */
  async tick({ clock }: ApiDeps, signal: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(bookmarkMs, signal);
      this.bookmarkDue = true;
      this.#wake?.();
    }
  }

  async #pull(): Promise<void> {
    try {
      const { done, value } = await this.#source.next();
      this.#next = done === true ? 'end' : { change: value as Change };
    } catch (error) {
      this.#next = { error };
    }
    this.#wake?.();
  }
}

function frame(type: string, object: object): string {
  return `{"type":${JSON.stringify(type)},"object":${textOf(object)}}\n`;
}
