import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { NatsBus } from '../../shared/bus/nats-bus.ts';
import { BusBench } from './bus-bench.ts';
import { until } from '../support/until.ts';

/** A wire to the bus that can lose everything for a while, and delivers late what was dialled meanwhile. */
class Wire {
  readonly #target: number;
  readonly #server: Server;
  readonly #held: Socket[] = [];
  readonly #late = new Set<Socket>();
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(target: number, server: Server) {
    this.#target = target;
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      if (this.#isCut) this.#held.push(this.#keep(socket));
      else this.#join(socket);
    });
  }

  static async to(target: number): Promise<Wire> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Wire(target, server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Dials that were delivered late and still stand. */
  get late(): number {
    return this.#late.size;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  heal(): void {
    this.#isCut = false;
    for (const socket of this.#held.splice(0)) {
      this.#late.add(socket.on('close', () => this.#late.delete(socket)));
      this.#join(socket);
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
  }

  #join(socket: Socket): void {
    const other = this.#keep(connect(this.#target, '127.0.0.1'));
    this.#keep(socket).pipe(other).pipe(socket);
    socket.on('close', () => other.destroy());
    other.on('close', () => socket.destroy());
  }
}

describe('NatsBus on a wire that loses packets', function () {
  this.timeout(60_000);
  let bench: BusBench;
  let wire: Wire;
  let bus: NatsBus;

  before(async () => {
    bench = await BusBench.open();
    wire = await Wire.to(Number(new URL(bench.server.url).port));
  });
  after(async () => {
    await bench?.close();
    wire?.close();
  });

  it('comes back once, and stays, when dials that were given up arrive late', async () => {
    bus = await bench.node('n1', `tls://127.0.0.1:${wire.port}`);
    const lifetime = new AbortController();
    let returns = 0;
    bus.onReconnect(() => (returns += 1), lifetime.signal);
    wire.cut();
    await until(() => !bus.isConnected, 'the line is lost');
    await until(() => wire.held >= 2, 'two dials hang', { withinMs: 30_000 });
    wire.heal();
    await until(() => bus.isConnected, 'the line is back', { withinMs: 20_000 });
    // The second may be the one that stands now.
    await until(() => wire.late < 2, 'the server has dropped the one that was given up', { withinMs: 30_000 });
    for (let round = 0; round < 20; round += 1) await bus.flush();
    assert.equal(returns, 1);
    lifetime.abort();
  });
});
