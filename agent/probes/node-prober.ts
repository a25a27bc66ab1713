import { once } from 'node:events';
import { connect } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import { orAbort } from '../../shared/or-abort.ts';
import type { RuntimeDriver } from '../runtime/driver.ts';
import { grpcProbe } from './grpc-probe.ts';
import { httpProbe } from './http-probe.ts';
import { portNumber } from './port.ts';
import { probeWords } from './probe-words.ts';
import type { ProbeAction, ProbeResult, ProbeTarget, Prober } from './prober.ts';
import { withTimeLimit } from './time-limit.ts';

interface Deps {
  driver: Pick<RuntimeDriver, 'execSync'>;
  clock: Clock;
}

const maxOutputChars = 1024;

/** Checks over the host's network and by commands in containers. */
export class NodeProber implements Prober {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async check(action: ProbeAction, target: ProbeTarget, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult> {
    try {
      const { outcome, output } = await this.#check(action, target, timeoutMs, signal);
      return { outcome, output: output.slice(0, maxOutputChars) };
    } catch (error) {
      signal.throwIfAborted();
      return { outcome: 'failure', output: probeWords(action, target, timeoutMs, error).slice(0, maxOutputChars) };
    }
  }

  #check(action: ProbeAction, target: ProbeTarget, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult> {
    const { exec, httpGet, tcpSocket, grpc } = action;
    const { container, ip } = target;
    if (exec !== undefined) return orAbort(this.#exec(exec.command ?? [], target, timeoutMs), signal);
    return withTimeLimit(this.#deps.clock, timeoutMs, signal, (limit) => {
      if (httpGet !== undefined) return httpProbe(httpGet, container, ip, limit);
      if (tcpSocket !== undefined) {
        const host = tcpSocket.host === undefined || tcpSocket.host === '' ? ip : tcpSocket.host;
        return tcpProbe(host, portNumber(tcpSocket.port, container), limit);
      }
      if (grpc !== undefined) return grpcProbe(ip, grpc.port, grpc.service ?? '', limit);
      throw new Error('missing probe handler');
    });
  }

  /** The driver ends the command and its children at the timeout. */
  async #exec(command: string[], { id }: ProbeTarget, timeoutMs: number): Promise<ProbeResult> {
    const { exitCode, output, timedOut } = await this.#deps.driver.execSync(id, command, timeoutMs);
    if (timedOut) {
      const text = `command timed out: "${command.join(' ')}" timed out after ${String(timeoutMs / 1000)}s`;
      return { outcome: 'failure', output: text };
    }
    return { outcome: exitCode === 0 ? 'success' : 'failure', output };
  }
}

async function tcpProbe(host: string, port: number, signal: AbortSignal): Promise<ProbeResult> {
  const socket = connect({ host, port });
  const onAbort = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await once(socket, 'connect');
    return { outcome: 'success', output: '' };
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.on('error', () => undefined).destroy();
  }
}
