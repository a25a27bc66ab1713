import type { Registry } from 'prom-client';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { EventRecorder } from '../store/event-recorder.ts';
import type { Store } from '../store/store.ts';
import type { WorkJournal } from './work-journal.ts';

/** A number in [0, 1), as `Math.random` gives it. */
export type Random = () => number;

/** What every reconciler works with. */
export interface ReconcileDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  random: Random;
  /** Where queues show their depth and speed; absent in tests. */
  registry?: Registry;
  /** Where keys in progress are noted; absent in tests that are not about it. */
  journal?: WorkJournal;
}
