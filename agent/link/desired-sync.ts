import { checkDelta, checkSyncReply } from '../../shared/bus/check-desired.ts';
import type { Bus } from '../../shared/bus/bus.ts';
import { MessageQueue } from '../../shared/bus/message-queue.ts';
import type { Delta, DesiredItem, SyncReply, SyncRequest } from '../../shared/bus/messages.ts';
import { subjects } from '../../shared/bus/subjects.ts';
import { backoffMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { hasReason, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Scope } from '../../shared/scope.ts';

interface Deps {
  bus: Bus;
  node: string;
  target: {
    replace(items: readonly DesiredItem[]): Promise<void>;
    apply(set: readonly DesiredItem[], remove: readonly string[]): Promise<void>;
  };
  /** Another controller process speaks now: what was said to the last one may be lost. */
  onNewEpoch: () => void;
  clock: Clock;
  log: Logger;
}

/**
 * Keeps the desired set what the controller says. One change after the other; a gap in the count, another epoch or a
 * reconnect makes it ask for everything, and what arrives meanwhile waits behind the answer.
 */
export class DesiredSync {
  readonly #deps: Deps;
  readonly #queue: MessageQueue<Delta | 'resync'>;
  #epoch = '';
  #counter = 0;
  #isResyncQueued = false;

  constructor(deps: Deps) {
    this.#deps = deps;
    // A dropped delta shows as a gap when the next one comes.
    this.#queue = new MessageQueue(() => deps.log.warn('more changes than can be kept up with'));
  }

  get epoch(): string {
    return this.#epoch;
  }

  get counter(): number {
    return this.#counter;
  }

  run(scope: Scope): void {
    const { bus, node, log } = this.#deps;
    const { signal } = scope;
    const report = (error: unknown): void => log.error('sync ended', { error });
    signal.addEventListener('abort', () => this.#queue.end(), { once: true });
    bus.onReconnect(() => this.resync(), signal);
    scope.spawn(async () => {
      for await (const message of bus.subscribe(subjects.desired(node), signal)) {
        try {
          this.#queue.push(checkDelta(message.json()));
        } catch (error) {
          log.warn('controller sends what makes no sense', { problem: messageOf(error) });
          this.resync();
        }
      }
    }, report);
    this.resync();
    scope.spawn(async () => {
      for await (const next of this.#queue) {
        if (next === 'resync') await this.#syncAll(signal);
        else await this.#applyDelta(next, signal);
      }
    }, report);
  }

  /** Asks for everything soon. */
  resync(): void {
    if (this.#isResyncQueued) return;
    this.#isResyncQueued = true;
    this.#queue.push('resync');
  }

  async #applyDelta(delta: Delta, signal: AbortSignal): Promise<void> {
    const isSameEpoch = delta.epoch === this.#epoch;
    if (isSameEpoch && delta.counter <= this.#counter) return; // doubled, or contained in the last answer
    if (!isSameEpoch || delta.previous !== this.#counter) {
      await this.#syncAll(signal);
      return;
    }
    await this.#deps.target.apply(delta.set ?? [], delta.remove ?? []);
    this.#counter = delta.counter;
  }

  async #syncAll(signal: AbortSignal): Promise<void> {
    const { clock, log, target } = this.#deps;
    this.#isResyncQueued = false;
    for (let failures = 0; !signal.aborted;) {
      try {
        const { items, epoch, counter } = await this.#fetch(signal);
        await target.replace(items);
        const isNew = epoch !== this.#epoch;
        this.#epoch = epoch;
        this.#counter = counter;
        if (isNew) this.#deps.onNewEpoch();
        return;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (failures === 1) log.info('no answer to sync yet', { problem: messageOf(error) });
        await clock.sleep(backoffMs(failures, { initialMs: 100, maxMs: 1000 }), signal);
      }
    }
  }

  async #fetch(signal: AbortSignal): Promise<SyncReply> {
    const items: DesiredItem[] = [];
    let request: SyncRequest = { from: 0 };
    for (;;) {
      const reply = await this.#ask(request, signal);
      // It ended meanwhile, or a newer answer took its place.
      if (reply === undefined) {
        items.length = 0;
        request = { from: 0 };
        continue;
      }
      items.push(...reply.items);
      if (reply.next === undefined) return { ...reply, items };
      request = { from: reply.next, snapshot: reply.snapshot };
    }
  }

  async #ask(request: SyncRequest, signal: AbortSignal): Promise<SyncReply | undefined> {
    const { bus, node } = this.#deps;
    try {
      return checkSyncReply(await bus.request(subjects.upCall(node, 'sync'), request, { signal }));
    } catch (error) {
      if (hasReason(error, 'Expired') && request.from > 0) return undefined;
      throw error;
    }
  }
}
