import { type ClientHttp2Session, connect } from 'node:http2';
import type { ProbeResult } from './prober.ts';

const serving = 1;
const maxAnswerBytes = 4096;

/** The standard health check, `grpc.health.v1.Health/Check`, without TLS. */
export async function grpcProbe(ip: string, port: number, service: string, signal: AbortSignal): Promise<ProbeResult> {
  const session = connect(`http://${ip}:${String(port)}`);
  const onAbort = (): void => session.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const status = await check(session, service);
    if (status === serving) return { outcome: 'success', output: 'service healthy' };
    return { outcome: 'failure', output: `service unhealthy (responded with "${statusWord(status)}")` };
  } finally {
    signal.removeEventListener('abort', onAbort);
    session.destroy();
  }
}

async function check(session: ClientHttp2Session, service: string): Promise<number> {
  const failed = new Promise<never>((_resolve, reject) => {
    session.once('error', reject);
    session.once('close', () => reject(new Error('the connection ended before an answer came')));
  });
  return Promise.race([failed, call(session, service)]);
}

async function call(session: ClientHttp2Session, service: string): Promise<number> {
  const headers = { ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc' };
  const stream = session.request({ ...headers, te: 'trailers' });
  const outcome = { code: '', message: '' };
  const read = (answered: Record<string, string | string[] | number | undefined>): void => {
    if (answered['grpc-status'] !== undefined) outcome.code = String(answered['grpc-status']);
    if (answered['grpc-message'] !== undefined) outcome.message = String(answered['grpc-message']);
  };
  stream.on('response', read).on('trailers', read);
  stream.end(requestFrame(service));
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  if (outcome.code === '12')
    throw new Error('this server does not implement the grpc health protocol (grpc.health.v1.Health)');
  if (outcome.code !== '0') throw new Error(`rpc failed with code ${outcome.code}: ${outcome.message}`);
  return statusOf(Buffer.concat(chunks));
}

/** A message frame (1 byte flag, 4 bytes length) around `HealthCheckRequest { string service = 1 }`. */
function requestFrame(service: string): Buffer {
  const name = Buffer.from(service, 'utf8').subarray(0, 127);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** `HealthCheckResponse { ServingStatus status = 1 }`: absent means 0. */
function statusOf(frame: Buffer): number {
  return frame.length >= 7 && frame[5] === 0x08 ? (frame[6] ?? 0) : 0;
}

function statusWord(status: number): string {
  return ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][status] ?? String(status);
}
