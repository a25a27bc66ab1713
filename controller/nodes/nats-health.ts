import { readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';

const keptLogs = 3;
const greetingMs = 2000;

/** What is said before anybody has come in, at most. */
const maxGreetingBytes = 64 << 10;

/**
 * The name in the greeting of the server that listens there (`INFO {…}`, the first line of NATS' protocol, which is not
 * encrypted); undefined when none greets. So no port is needed that answers questions of everybody.
 */
export async function nameOf({ host, port }: { host: string; port: number }): Promise<string | undefined> {
  const socket = connect({ host, port });
  socket.setTimeout(greetingMs, () => socket.destroy());
  let greeting = '';
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      greeting += chunk.toString('utf8');
      const [, info] = /^INFO (\{.*\})\s*\r\n/.exec(greeting) ?? [];
      if (info !== undefined) return (JSON.parse(info) as { server_name?: string }).server_name;
      if (greeting.length > maxGreetingBytes) return undefined;
    }
  } catch {
    // Nobody listens, or it is no NATS server.
  } finally {
    socket.destroy();
  }
  return undefined;
}

/** The end of a log, in one line. */
export async function lastLines(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim().split('\n').slice(-3).join(' | ');
  } catch (error) {
    return messageOf(error);
  }
}

/** Removes all but the newest logs that the server put aside: an old server keeps them for ever. */
export async function pruneLogs(file: string): Promise<void> {
  const prefix = `${basename(file)}.`;
  const old = (await readdir(dirname(file))).filter((name) => name.startsWith(prefix)).sort();
  for (const name of old.slice(0, -keptLogs)) await rm(join(dirname(file), name), { force: true });
}
