/** One line a container wrote. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, UTC, as `2026-01-01T00:00:00.123456789Z`; sorts as text. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** Which start of the container wrote it: its restart count then. */
  attempt: number;
  /** Without the line end. */
  text: string;
}

/** What `logs` was asked for, after validation. */
export interface LogQuery {
  follow?: boolean;
  /** The attempt before the newest one. */
  previous?: boolean;
  tailLines?: number;
  /** RFC 3339. */
  sinceTime?: string;
  timestamps?: boolean;
  limitBytes?: number;
}

/** A line as `kubectl logs` prints it, with the line end. */
export function formatLogLine({ time, text }: LogLine, timestamps: boolean): string {
  return timestamps ? `${time} ${text}\n` : `${text}\n`;
}
