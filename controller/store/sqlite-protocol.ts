import type { Change, ObjectKey } from './state-store.ts';

/** What the main thread and the SQLite worker say to each other: one request at a time, one reply each. */
export type Write =
  | { do: 'create'; key: ObjectKey; body: string }
  | { do: 'update'; key: ObjectKey; body: string; expected: number }
  | { do: 'delete'; key: ObjectKey; expected: number };

export type WriteResult = { version: number } | { refused: 'AlreadyExists' | 'Conflict' | 'NotFound' | 'DiskFull' };

export interface Row extends ObjectKey {
  version: number;
  body: string;
}

/** A change, and the object before it if there was one. */
export interface LoggedRow extends Row {
  type: Change['type'];
  before?: string;
}

export type Request = { do: 'load' } | { do: 'changes' } | { do: 'write'; writes: Write[] } | { do: 'close' };

export type Reply =
  | { did: 'open' }
  | { did: 'load'; rows: Row[]; version: number }
  | { did: 'changes'; rows: LoggedRow[]; floor: number }
  | { did: 'write'; results: WriteResult[] }
  | { did: 'close' }
  /** The request as a whole failed; nothing of it is stored. */
  | { did: 'fail'; message: string };
