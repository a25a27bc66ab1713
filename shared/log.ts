export type LogFields = Record<string, unknown>;

/** Structured log lines of Berth's own processes. `child` adds fields to every line. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One JSON object a line on `write` (stderr by default). Errors are written with their stack. */
export function jsonLogger(
  level: LogLevel,
  fields: LogFields = {},
  write: (line: string) => void = (line) => process.stderr.write(line),
): Logger {
  const least = logLevels.indexOf(level);
  const log = (at: LogLevel, message: string, more: LogFields = {}): void => {
    if (logLevels.indexOf(at) < least) return;
    const entry = { time: new Date().toISOString(), level: at, message, ...fields, ...more };
    write(`${JSON.stringify(entry, (_key, value: unknown) => (value instanceof Error ? value.stack : value))}\n`);
  };
  return {
    debug: (message, more) => log('debug', message, more),
    info: (message, more) => log('info', message, more),
    warn: (message, more) => log('warn', message, more),
    error: (message, more) => log('error', message, more),
    child: (more) => jsonLogger(level, { ...fields, ...more }, write),
  };
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
