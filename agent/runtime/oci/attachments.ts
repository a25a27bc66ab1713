import type { Clock } from '../../../shared/clock.ts';
import { ApiError } from '../../../shared/errors.ts';
import { libc } from '../../host/libc.ts';
import type { AttachOptions, ProcessStreams } from '../driver.ts';
import { AttachSocket } from './attach-socket.ts';
import type { ContainerEntry } from './container-table.ts';
import { bundleFiles, type Layout } from './layout.ts';
import { LogOutput } from './log-output.ts';
import { WindowSizes } from './window-sizes.ts';

interface Deps {
  layout: Layout;
  clock: Clock;
}

/** Attaches to the process of a container: output from its log, input by its monitor. */
export async function attach(
  { layout, clock }: Deps,
  entry: ContainerEntry,
  { stdin, signal }: AttachOptions,
): Promise<ProcessStreams> {
  const { id, name, phase, logPath, stdin: takesInput } = entry.record;
  if (phase !== 'running') throw new ApiError('Conflict', `container ${name} is not running`);
  if (stdin && !takesInput) throw new ApiError('BadRequest', `stdin is not enabled for container ${name}`);
  const files = bundleFiles(layout, id);
  const input = stdin ? openInput(files.attach, clock) : undefined;
  const output = new LogOutput(logPath);
  try {
    await output.start(signal);
  } catch (error) {
    input?.close();
    throw error;
  }
  void entry.exited.promise.then(() => output.end());
  const close = (): void => input?.close();
  signal.addEventListener('abort', close, { once: true });
  void entry.exited.promise.then(close);
  if (signal.aborted) close();
  const sizes = new WindowSizes(files.control, clock);
  return {
    stdout: output.stdout,
    stderr: output.stderr,
    write: async (bytes) => input?.write(bytes, signal),
    endInput: () => input?.end(),
    resize: (columns, rows) => sizes.set(columns, rows),
  };
}

function openInput(path: string, clock: Clock): AttachSocket {
  const native = libc();
  if (native === undefined) throw new ApiError('BadRequest', 'this node cannot pass input to a container');
  return new AttachSocket(native, path, clock);
}
