import { Command } from 'commander';
import { WebSocket, type RawData } from 'ws';
import { ApiError } from '../shared/errors.ts';
import { channel } from '../shared/bus/byte-stream.ts';
import { parseTargets, resourcePath } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';
import { UsageError } from './usage.ts';

interface ExecOptions extends ApiOptions {
  container?: string;
  stdin?: boolean;
  tty?: boolean;
}

interface ExecStatus {
  status?: string;
  message?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

const closeChannel = 255;

/** `berth exec -it pod -- command`: over WebSocket `v5.channel.k8s.io`; exits with the command's own code. */
export function execCommand(): Command {
  return withApiOptions(new Command('exec'))
    .description('Run a command in a container: berth exec -it web -- sh')
    .argument('<pod>', 'POD or pod/NAME')
    .argument('<command...>', 'the command, after --')
    .option('-c, --container <name>', 'which container')
    .option('-i, --stdin', 'pass on what is typed or piped in')
    .option('-t, --tty', 'with a terminal')
    .action((pod: string, command: string[], options: ExecOptions) =>
      withSession(options, async (session) => {
        process.exitCode = await exec(session, pod, command, options);
      }),
    );
}

async function exec(session: Session, word: string, command: string[], options: ExecOptions): Promise<number> {
  const { client, names, namespace } = session;
  const [target] = word.includes('/')
    ? parseTargets([word], names)
    : [{ resource: names.findKind('v1', 'Pod'), name: word }];
  if (target?.resource.kind !== 'Pod') throw new UsageError(`"${word}" is not a pod`);
  const query = new URLSearchParams(command.map((part): [string, string] => ['command', part]));
  if (options.container !== undefined) query.set('container', options.container);
  const tty = options.tty === true && process.stdin.isTTY;
  for (const [name, on] of Object.entries({ stdin: options.stdin === true, stdout: true, stderr: !tty, tty }))
    query.set(name, String(on));
  const { url, headers, tls } = client.socketTarget(
    `${resourcePath(target.resource, namespace, target.name)}/exec?${query.toString()}`,
  );
  const socket = new WebSocket(url, ['v5.channel.k8s.io'], { headers, ...tls });
  return runSession(socket, options.stdin === true, tty);
}

function runSession(socket: WebSocket, stdin: boolean, tty: boolean): Promise<number> {
  const send = (to: number, bytes: Uint8Array): void => socket.send(Buffer.concat([Buffer.of(to), bytes]));
  const resize = (): void => {
    const { columns: Width, rows: Height } = process.stdout;
    send(channel.resize, Buffer.from(JSON.stringify({ Width, Height })));
  };
  return new Promise<number>((resolve, reject) => {
    let status: ExecStatus | undefined;
    socket.on('open', () => {
      if (tty) {
        process.stdin.setRawMode(true);
        process.stdout.on('resize', resize);
        resize();
      }
      if (!stdin) return;
      process.stdin.on('data', (bytes: Buffer) => send(channel.stdin, bytes));
      process.stdin.on('end', () => socket.send(Buffer.of(closeChannel, channel.stdin)));
    });
    socket.on('message', (data: RawData) => {
      const message = Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer);
      const body = message.subarray(1);
      if (message[0] === channel.stdout) process.stdout.write(body);
      else if (message[0] === channel.stderr) process.stderr.write(body);
      else if (message[0] === channel.error) status = JSON.parse(body.toString()) as ExecStatus;
    });
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => reject(new ApiError('BadRequest', messageIn(text))));
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (status === undefined) reject(new Error('the session ended without a status'));
      else resolve(exitCode(status));
    });
  }).finally(() => {
    if (tty) process.stdin.setRawMode(false);
    process.stdout.off('resize', resize);
    process.stdin.pause();
  });
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}

function exitCode({ status, message, details }: ExecStatus): number {
  if (status === 'Success') return 0;
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code !== undefined) return Number(code);
  throw new Error(message ?? 'the command could not be run');
}
