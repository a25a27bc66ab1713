import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HistoryStore } from '../../controller/history/history-store.ts';
import { openSqliteHistory } from '../../controller/history/sqlite-history.ts';
import { JoinTokens } from '../../controller/nodes/join-tokens.ts';
import { Nodes } from '../../controller/nodes/nodes.ts';
import { EventRecorder } from '../../controller/store/event-recorder.ts';
import { openStore } from '../../controller/store/cached-store.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Store } from '../../controller/store/store.ts';
import type { LogsReply, LogsRequest, SamplesRequest } from '../../shared/bus/messages.ts';
import { NatsBus } from '../../shared/bus/nats-bus.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLogger } from '../../shared/log.ts';
import { Scope } from '../../shared/scope.ts';
import { BusBench } from '../bus/bus-bench.ts';

/** A controller's node part on a real bus and a real store in memory. */
export class NodesBench {
  readonly bus: BusBench;
  readonly store: Store;
  readonly controller: NatsBus;
  readonly tokens: JoinTokens;
  readonly logs: { node: string; request: LogsRequest }[] = [];
  readonly samples: { node: string; request: SamplesRequest }[] = [];
  nodes: Nodes;
  #scope: Scope;
  readonly history: HistoryStore;
  readonly #state: StateStore;
  readonly #directories: string[] = [];

  private constructor(bus: BusBench, state: StateStore, store: Store, history: HistoryStore, controller: NatsBus) {
    this.bus = bus;
    this.store = store;
    this.history = history;
    this.controller = controller;
    this.#state = state;
    this.tokens = new JoinTokens({
      store,
      authority: bus.authority,
      clock: systemClock,
      revoke: (key) => bus.server.revoke(key),
      bus: { urls: [bus.server.url], ca: bus.ca },
    });
    this.#scope = new Scope('nodes');
    this.nodes = this.#newNodes();
    this.nodes.run(this.#scope);
  }

  static async open(): Promise<NodesBench> {
    const bus = await BusBench.open();
    const state = await openSqliteStore(':memory:');
    const store = await openStore(state, systemClock);
    const controller = await bus.controller();
    const history = await openSqliteHistory(':memory:', systemClock);
    const bench = new NodesBench(bus, state, store, history, controller);
    await controller.flush();
    return bench;
  }

  /** A controller process ends and another takes its place. */
  async restartNodes(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.#scope.close();
    await meanwhile();
    this.#scope = new Scope('nodes');
    this.nodes = this.#newNodes();
    this.nodes.run(this.#scope);
    await this.controller.flush();
  }

  async directory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-node-'));
    this.#directories.push(directory);
    return directory;
  }

  async close(): Promise<void> {
    await this.#scope.close();
    await this.bus.close();
    await Promise.all([this.#state.close(), this.history.close()]);
    await Promise.all(this.#directories.map((path) => rm(path, { recursive: true, force: true })));
  }

  #newNodes(): Nodes {
    const { store, controller } = this;
    return new Nodes({
      bus: controller,
      data: controller,
      store,
      clock: systemClock,
      log: silentLogger,
      events: new EventRecorder({ store, clock: systemClock, log: silentLogger }),
      authority: this.bus.authority,
      tokens: this.tokens,
      issuer: { issue: ({ bound }) => ({ token: `token of ${bound.name}`, expiresAt: Date.now() + 3_600_000 }) },
      revoke: (key) => this.bus.server.revoke(key),
      settings: { podCidr: '10.90.0.0/16', clusterId: 'test' },
      podRecords: this.history,
      onLogs: async (node, request): Promise<LogsReply> => {
        this.logs.push({ node, request });
        return { next: request.batches.map(({ first, lines }) => first + lines.length) };
      },
      onSamples: (node, request) => {
        this.samples.push({ node, request });
      },
    });
  }
}
