import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Heartbeat } from '../../shared/bus/messages.ts';
import { NatsBus } from '../../shared/bus/nats-bus.ts';
import { inboxPrefix, subjects } from '../../shared/bus/subjects.ts';
import { messageOf } from '../../shared/errors.ts';
import { jsonLogger } from '../../shared/log.ts';

/** What the thread is told at its start. */
export interface PulseData {
  node: string;
  urls: string[];
  ca?: string;
  seed: string;
  jwt: string;
}

/** What it is told later: how the agent is, and a newer credential. */
export interface PulseNews {
  heartbeat?: Heartbeat;
  jwt?: string;
}

const beatMs = 1000;
/** An agent that has said nothing for this long hangs: then the node must not pass for alive. */
const hangsAfterMs = 10_000;
const niceness = -10;

/** Sends heartbeats from a thread of its own: neither the agent's work nor a loaded host holds them up. */
function beat({ node, urls, ca, seed, jwt }: PulseData): void {
  const log = jsonLogger('warn', { program: 'agent', node, connection: 'pulse' });
  const state = { jwt, heartbeat: undefined as Heartbeat | undefined, toldAt: -Infinity };
  try {
    // Of this thread alone: children of the agent do not inherit it.
    setPriority(niceness);
  } catch (error) {
    log.warn('priority of heartbeats could not be raised', { problem: messageOf(error) });
  }
  const bus = new NatsBus({
    name: `${node} pulse`,
    servers: urls,
    ...(ca !== undefined && { ca }),
    credentials: { jwt: () => state.jwt, seed },
    inboxPrefix: inboxPrefix(node),
    log,
  });
  const send = (): void => {
    const isAlive = performance.now() - state.toldAt < hangsAfterMs;
    if (isAlive && state.heartbeat !== undefined) bus.publish(subjects.heartbeat(node), state.heartbeat);
  };
  parentPort?.on('message', (news: PulseNews) => {
    if (news.jwt !== undefined) state.jwt = news.jwt;
    if (news.heartbeat === undefined) return;
    const isFirst = state.heartbeat === undefined;
    state.heartbeat = news.heartbeat;
    state.toldAt = performance.now();
    if (isFirst) send();
  });
  setInterval(send, beatMs);
}

beat(workerData as PulseData);
