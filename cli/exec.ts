import { Command } from 'commander';
import { WebSocket, type RawData } from 'ws';
import { channel } from '../shared/bus/byte-stream.ts';
import type { ApiClient } from './client.ts';
import { chooseContainer, findPod } from './pods-of.ts';
import { resourcePath } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';

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
/** More input than this waits at its source until the server has taken some. */
const maxUnsentBytes = 1024 * 1024;

/** `berth exec -it pod -- command`: over WebSocket `v5.channel.k8s.io`; exits with the command's own code. */
export function execCommand(): Command {
  const command = new Command('exec')
    .description('Run a command in a container')
    .argument('<pod>', 'POD or TYPE/NAME')
    .argument('<command...>', 'the command, after --')
    .option('-c, --container <name>', 'which container')
    .option('-i, --stdin', 'pass on what is typed or piped in')
    .option('-t, --tty', 'with a terminal')
    .action((pod: string, words: string[], options: ExecOptions) =>
      withSession(options, async (session) => {
        process.exitCode = await exec(session, pod, words, options);
      }),
    );
  return withApiOptions(command, [
    'berth exec -it deployment/web -- sh',
    'berth exec web -c sidecar -- cat /etc/hosts',
    'tar c notes | berth exec -i web -- tar x -C /tmp',
  ]);
}

async function exec(session: Session, word: string, command: string[], options: ExecOptions): Promise<number> {
  const { client, names, namespace } = session;
  const { name, pod } = await findPod(session, word);
  const query = new URLSearchParams(command.map((part): [string, string] => ['command', part]));
  const container = pod === undefined ? options.container : chooseContainer(pod, options.container);
  if (container !== undefined) query.set('container', container);
  const tty = options.tty === true && process.stdin.isTTY;
  if (options.tty === true && !tty) process.stderr.write('No terminal is used: the input is not one.\n');
  for (const [flag, on] of Object.entries({ stdin: options.stdin === true, stdout: true, stderr: !tty, tty }))
    query.set(flag, String(on));
  const path = `${resourcePath(names.findKind('v1', 'Pod'), namespace, name)}/exec?${query.toString()}`;
  return runSession(client, path, options.stdin === true, tty);
}

function runSession(client: ApiClient, path: string, stdin: boolean, tty: boolean): Promise<number> {
  const { url, headers, tls } = client.socketTarget(path);
  const socket = new WebSocket(url, ['v5.channel.k8s.io'], { headers, ...tls });
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
      process.stdin.on('data', (bytes: Buffer) => sendInput(socket, bytes));
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
      response.on('end', () => reject(client.refusal(response.statusCode ?? 500, text)));
    });
    socket.on('error', (error) => reject(client.unreachable(error)));
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

function sendInput(socket: WebSocket, bytes: Buffer): void {
  if (socket.bufferedAmount > maxUnsentBytes) process.stdin.pause();
  socket.send(Buffer.concat([Buffer.of(channel.stdin), bytes]), () => {
    if (socket.bufferedAmount <= maxUnsentBytes && socket.readyState === WebSocket.OPEN) process.stdin.resume();
  });
}

function exitCode({ status, message, details }: ExecStatus): number {
  if (status === 'Success') return 0;
  const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  if (code !== undefined) return Number(code);
  throw new Error(message ?? 'the command could not be run');
}
