import { isatty } from 'node:tty';
import type { Command } from 'commander';
import type { Container, Pod, Stored } from '../../shared/objects/types.ts';
import { runPodSession, type SessionStatus } from './pod-session.ts';
import { chooseContainer, findPod } from './pods-of.ts';
import { resourcePath } from '../client/resource-names.ts';
import type { ApiOptions, Session } from '../client/session.ts';

/** How a person enters a container. */
export interface EnterOptions extends ApiOptions {
  container?: string;
  stdin?: boolean;
  tty?: boolean;
  /** Called when the container has written something. */
  onOutput?: () => void;
}

/** A container that somebody enters; the server chooses it when the pod is not known. */
export interface Entered {
  name: string;
  pod?: Stored<Pod>;
  container?: string;
}

/** Adds `-c`, `-i` and `-t`. */
export function withEnterFlags(command: Command): Command {
  return command
    .option('-c, --container <name>', 'which container')
    .option('-i, --stdin', 'pass on what is typed or piped in')
    .option('-t, --tty', 'with a terminal');
}

/** The container that `web`, `deployment/web` and `-c` mean. */
export async function findEntered(session: Session, word: string, { container }: EnterOptions): Promise<Entered> {
  const { name, pod } = await findPod(session, word);
  const chosen = pod === undefined ? container : chooseContainer(pod, container);
  return { name, ...(pod && { pod }), ...(chosen !== undefined && { container: chosen }) };
}

/** Opens `exec` or `attach` with the streams of this process. */
export function enter(
  { client, names, namespace }: Session,
  { name, container, pod }: Entered,
  command: readonly string[] | undefined,
  options: EnterOptions,
): Promise<SessionStatus> {
  const { stdin, stdout, stderr } = process;
  const query = new URLSearchParams((command ?? []).map((part): [string, string] => ['command', part]));
  if (container !== undefined) query.set('container', container);
  const hasTerminal = options.tty === true && isatty(stdin.fd);
  if (options.tty === true && !hasTerminal) stderr.write('No terminal is used: the input is not one.\n');
  // What a container with a terminal writes cannot be told apart, whoever reads it.
  const tty = command === undefined ? ownsTerminal(pod, container) : hasTerminal;
  for (const [flag, on] of Object.entries({ stdin: options.stdin === true, stdout: true, stderr: !tty, tty }))
    query.set(flag, String(on));
  const path = resourcePath(names.findKind('v1', 'Pod'), namespace, name);
  const { onOutput } = options;
  const streams = {
    stdout,
    stderr,
    tty: tty && hasTerminal,
    ...(onOutput && { onOutput }),
    ...(options.stdin === true && { stdin }),
  };
  return runPodSession(client, `${path}/${command === undefined ? 'attach' : 'exec'}?${query.toString()}`, streams);
}

function ownsTerminal(pod: Stored<Pod> | undefined, container: string | undefined): boolean {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod?.spec ?? {};
  const all: Pick<Container, 'name' | 'tty'>[] = [...containers, ...initContainers, ...ephemeralContainers];
  return all.find(({ name }) => name === container)?.tty === true;
}
