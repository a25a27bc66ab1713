import { isDeepStrictEqual } from 'node:util';
import type { RegisterReply, RegisterRequest } from '../../shared/bus/messages.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Node, NodeCondition, Taint } from '../../shared/objects/types.ts';
import type { Scope } from '../../shared/scope.ts';
import type { ControllerLink } from '../controller-link.ts';
import type { AgentPaths } from '../paths.ts';
import type { RuntimeDriver } from '../runtime/driver.ts';
import { architecture, readAddresses, readCapacity, readNodeInfo, readRoutes } from './host-facts.ts';
import { diskPressure, pressureConditions, readPressure } from './pressure.ts';

export interface AgentNodeDeps {
  name: string;
  link: Pick<ControllerLink, 'register'> & { heartbeat(): void };
  driver: Pick<RuntimeDriver, 'version' | 'listSandboxes'>;
  paths: Pick<AgentPaths, 'data' | 'bridge'>;
  settings: { labels: Record<string, string>; taints: Taint[]; maxPods: number };
  /** Conditions of optional parts, such as a native helper that is missing. */
  otherConditions?: () => NodeCondition[];
  clock: Clock;
  log: Logger;
}

const heartbeatMs = 1000;
const checkMs = 10_000;
/** The disk alone is looked at more often: a full one stops what writes to it, and everybody waits for it to end. */
const diskCheckMs = 2000;
/** The conditions are told again after this long although nothing changed, as kubelets do: readers see that they hold. */
const retellMs = 300_000;
const runtimeWithinMs = 5000;
/** Pressure that has passed is still told for this long, so that pods do not come and go with it. */
const holdMs = 60_000;
/** A disk is freed by somebody who waits for it, and does not fill and empty by itself as memory does. */
const diskHoldMs = 4000;
export const kubeletVersion = 'v1.32.0+berth';

/** This machine as a Node: introduces it, says that it lives, and tells when something about it changes. */
export class AgentNode {
  readonly #deps: AgentNodeDeps;
  readonly #pressedAt = new Map<string, { condition: NodeCondition; at: number }>();
  #last: RegisterRequest | undefined;

  constructor(deps: AgentNodeDeps) {
    this.#deps = deps;
  }

  /** Resolves when a controller knows the node. Waits for one. */
  async register(signal: AbortSignal): Promise<RegisterReply> {
    const request = await this.#describe();
    const reply = await this.#deps.link.register(request, signal);
    this.#last = request;
    return reply;
  }

  /** Heartbeats and changes, until the scope closes. */
  run(scope: Scope): void {
    const report = (error: unknown): void => this.#deps.log.error('node reporting ended', { error });
    scope.spawn((signal) => this.#beat(signal), report);
    scope.spawn((signal) => this.#watch(signal), report);
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { clock, link } = this.#deps;
    for (let due = clock.monotonic(); ; due += heartbeatMs) {
      link.heartbeat();
      // Measured from the last due time: a late beat does not delay those after it, and none are made up for.
      due = Math.max(due, clock.monotonic() - heartbeatMs);
      await clock.sleep(Math.max(0, due + heartbeatMs - clock.monotonic()), signal);
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    let toldAt = clock.monotonic();
    let checkedAt = toldAt;
    for (;;) {
      await clock.sleep(diskCheckMs, signal);
      try {
        if (clock.monotonic() - checkedAt < checkMs && !(await this.#isDiskNews())) continue;
        checkedAt = clock.monotonic();
        const request = await this.#describe();
        const isStale = clock.monotonic() - toldAt >= retellMs;
        if (isStale || !isDeepStrictEqual(request, this.#last)) {
          await this.#deps.link.register(request, signal);
          this.#last = request;
          toldAt = clock.monotonic();
        }
      } catch (error) {
        signal.throwIfAborted();
        log.warn('node could not be described', { problem: messageOf(error) });
      }
    }
  }

  async #describe(): Promise<RegisterRequest> {
    const { name, driver, paths, settings, otherConditions = () => [] } = this.#deps;
    const { labels, taints, maxPods } = settings;
    const runtime = await this.#checkRuntime();
    const version = runtime.problem === undefined ? await driver.version() : 'unknown';
    const node: Node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        labels: {
          'kubernetes.io/hostname': name,
          'kubernetes.io/os': 'linux',
          'kubernetes.io/arch': architecture(),
          ...labels,
        },
      },
      spec: { taints },
      status: {
        ...(await readCapacity(paths.data, maxPods)),
        addresses: await readAddresses(),
        nodeInfo: await readNodeInfo(version, kubeletVersion),
        conditions: [...(await this.#pressure()), ...otherConditions(), readyCondition(runtime.problem)],
      },
    };
    return { node, routes: await readRoutes(paths.bridge) };
  }

  /** A runtime that hangs is no better than one that is gone. */
  async #checkRuntime(): Promise<{ problem?: string }> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${runtimeWithinMs / 1000} s`)), runtimeWithinMs);
    });
    try {
      await Promise.race([this.#deps.driver.listSandboxes(), tooLate]);
      return {};
    } catch (error) {
      return { problem: messageOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** The disk has become full, or is no more, since the conditions were sent. */
  async #isDiskNews(): Promise<boolean> {
    const isDisk = ({ type }: NodeCondition): boolean => type === diskPressure;
    const sent = this.#last?.node.status?.conditions?.find(isDisk);
    return (await this.#pressure()).find(isDisk)?.status !== sent?.status;
  }

  async #pressure(): Promise<NodeCondition[]> {
    const now = this.#deps.clock.monotonic();
    return pressureConditions(await readPressure(this.#deps.paths.data)).map((condition) => {
      const { type, status } = condition;
      // The words of the moment would make every look a change: the first ones stay.
      const pressed = this.#pressedAt.get(type);
      if (status === 'True') this.#pressedAt.set(type, { condition: pressed?.condition ?? condition, at: now });
      else if (pressed !== undefined && now - pressed.at >= holdOf(type)) this.#pressedAt.delete(type);
      return this.#pressedAt.get(type)?.condition ?? condition;
    });
  }
}

function holdOf(type: string): number {
  return type === diskPressure ? diskHoldMs : holdMs;
}

function readyCondition(problem: string | undefined): NodeCondition {
  if (problem === undefined) {
    return { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'the agent is ready for pods' };
  }
  return { type: 'Ready', status: 'False', reason: 'RuntimeNotReady', message: `container runtime: ${problem}` };
}
