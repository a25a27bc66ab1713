import { existsSync, statSync } from 'node:fs';
import { basename, join, posix, resolve } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { Command } from 'commander';
import { packFiles } from './pack-files.ts';
import { exitCodeOf, runPodSession, type SessionStreams } from './pod-session.ts';
import { chooseContainer, findPod } from './pods-of.ts';
import { parseWhole } from '../durations.ts';
import { describeFailure } from '../failure.ts';
import { resourcePath } from '../client/resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { unpackFiles } from './unpack-files.ts';
import { UsageError } from '../usage.ts';

interface CopyOptions extends ApiOptions {
  container?: string;
  preserve: boolean;
  retries: number;
}

/** One end of a copy: in a pod, or on this machine. */
interface Place {
  path: string;
  pod?: string;
  namespace?: string;
}

/** Runs a command in the container that a copy is about; resolves with its exit code. */
type Run = (command: string[], streams: Partial<SessionStreams>, signal?: AbortSignal) => Promise<number>;

/** `berth cp`: files and directories, to and from a container that has tar. */
export function cpCommand(): Command {
  const command = new Command('cp')
    .description('Copy files to and from a container')
    .argument('<from>', 'a file or directory: PATH, or [NAMESPACE/]POD:PATH')
    .argument('<to>', 'where to: the one of both that is not in a pod')
    .option('-c, --container <name>', 'which container')
    .option('--retries <count>', 'begin again so often when a copy from a container breaks off', parseWhole, 0)
    .option('--no-preserve', 'not with the permissions that the files have here')
    .action((from: string, to: string, options: CopyOptions) =>
      withSession(options, (session) => copy(session, parsePlace(from), parsePlace(to), options)),
    );
  return withApiOptions(command, [
    'berth cp notes.txt web:/tmp/',
    'berth cp web:/var/log/app ./logs -c main',
    'berth cp site/ shop/web:/www',
  ]);
}

/** What a user calls a place: `./a:b` and `/a:b` are of this machine. Throws UsageError. */
function parsePlace(word: string): Place {
  const [, namespace, pod, path] = /^(?:([^:/.][^:/]*)\/)?([^:/.][^:/]*):(.*)$/s.exec(word) ?? [];
  const place = pod === undefined ? { path: word } : { path: path ?? '', pod, ...(namespace && { namespace }) };
  if (place.path === '') throw new UsageError(`"${word}": the path is missing, as in POD:/tmp/file`);
  return place;
}

async function copy(session: Session, from: Place, to: Place, options: CopyOptions): Promise<void> {
  if (from.pod === undefined && to.pod === undefined) throw new UsageError('one of both must be in a pod, as POD:PATH');
  if (from.pod !== undefined && to.pod !== undefined) throw new UsageError('one of both must be on this machine');
  const { pod = '', namespace = session.namespace } = from.pod === undefined ? to : from;
  const run = await runIn({ ...session, namespace }, pod, options);
  if (from.pod === undefined) await upload(run, from.path, to.path, options);
  else await retry(options.retries, () => download(run, from.path, to.path));
}

/** Does something again when it fails, at most so often; wrong usage stays wrong. */
async function retry(times: number, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (times === 0 || error instanceof UsageError) throw error;
    process.stderr.write(`${describeFailure(error)}; once more\n`);
    await retry(times - 1, work);
  }
}

async function runIn(session: Session, word: string, { container }: CopyOptions): Promise<Run> {
  const { name, pod } = await findPod(session, word);
  const path = `${resourcePath(session.names.findKind('v1', 'Pod'), session.namespace, name)}/exec`;
  const chosen = pod === undefined ? container : chooseContainer(pod, container);
  return async (command, streams, signal) => {
    const query = new URLSearchParams(command.map((part): [string, string] => ['command', part]));
    if (chosen !== undefined) query.set('container', chosen);
    for (const name of ['stdin', 'stdout', 'stderr'] as const) query.set(name, String(streams[name] !== undefined));
    const all = { stdout: nowhere(), stderr: nowhere(), tty: false, ...streams };
    return exitCodeOf(await runPodSession(session.client, `${path}?${query.toString()}`, all, signal));
  };
}

function nowhere(): Writable {
  return new Writable({ write: (_bytes, _encoding, done) => done() });
}

async function upload(run: Run, from: string, to: string, { preserve }: CopyOptions): Promise<void> {
  if (!existsSync(from)) throw new UsageError(`${from} doesn't exist in local filesystem`);
  const isInto = to.endsWith('/') || (await run(['test', '-d', to], { stderr: nowhere() })) === 0;
  const target = posix.normalize(isInto ? posix.join(to, basename(resolve(from))) : to);
  const flags = preserve ? [] : ['--no-same-permissions', '--no-same-owner'];
  const command = ['tar', ...flags, '-xmf', '-', '-C', notAFlag(posix.dirname(target))];
  const stdin = Readable.from(packFiles(from, posix.basename(target)), { objectMode: false });
  // What cannot be read here must not leave the other side waiting for more.
  const failed = new AbortController();
  stdin.on('error', (error) => failed.abort(error));
  requireDone(await run(command, { stdin, stdout: process.stdout, stderr: process.stderr }, failed.signal));
}

async function download(run: Run, from: string, to: string): Promise<void> {
  const source = posix.normalize(from).replace(/(?<=.)\/$/, '');
  const root = posix.basename(source) || '.';
  const isInto = existsSync(to) && statSync(to).isDirectory();
  const target = isInto ? join(to, root) : to;
  const command = ['tar', '-cf', '-', '-C', notAFlag(posix.dirname(source)), root === '.' ? '.' : `./${root}`];
  const archive = new PassThrough();
  const failed = new AbortController();
  const running = run(command, { stdout: archive, stderr: process.stderr }, failed.signal).finally(() => archive.end());
  const warn = (text: string): boolean => process.stderr.write(`Warning: ${text}\n`);
  const unpacking = unpackFiles(archive, { root, target, warn }).catch((error: unknown) => {
    failed.abort(error);
    throw error;
  });
  const [ended, unpacked] = await Promise.allSettled([running, unpacking]);
  // An archive that is not whole follows from a tar that failed.
  if (ended.status === 'rejected') throw ended.reason;
  requireDone(ended.value);
  if (unpacked.status === 'rejected') throw unpacked.reason;
}

/** A relative directory whose name begins as flags do. */
function notAFlag(directory: string): string {
  return directory.startsWith('-') ? `./${directory}` : directory;
}

function requireDone(code: number): void {
  if (code === 127) throw new Error('there is no tar in the container, which cp needs');
  if (code !== 0) throw new Error(`tar in the container ended with exit code ${code}`);
}
