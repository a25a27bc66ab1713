import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../../controller/certificates/authority.ts';
import { BusAuthority } from '../../controller/nodes/jwt.ts';
import { NatsServer } from '../../controller/nodes/nats-server.ts';
import { NatsBus, type NatsOptions } from '../../shared/bus/nats-bus.ts';
import { createUserKey } from '../../shared/bus/nats-user.ts';
import { inboxPrefix } from '../../shared/bus/subjects.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLogger } from '../../shared/log.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** So that a frozen server is noticed soon. */
const pingMs = 500;

type DialOptions = Pick<NatsOptions, 'name' | 'servers' | 'inboxPrefix'> & {
  credentials: { jwt: string; seed: string };
};

/** A real server with TLS and credentials, and connections to it; `close` ends all. */
export class BusBench {
  readonly directory: string;
  readonly authority: BusAuthority;
  readonly ca: string;
  server: NatsServer;
  readonly #port: number;
  readonly #buses: NatsBus[] = [];

  private constructor(directory: string, authority: BusAuthority, ca: string, port: number) {
    this.directory = directory;
    this.authority = authority;
    this.ca = ca;
    this.#port = port;
    this.server = this.newServer();
  }

  static async open(): Promise<BusBench> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-bus-'));
    const certificates = await CertificateAuthority.create(systemClock);
    const server = await certificates.issueServerCertificate(['localhost', '127.0.0.1']);
    await writeFile(join(directory, 'ca.crt'), certificates.credential.certificate);
    await writeFile(join(directory, 'server.crt'), server.certificate);
    await writeFile(join(directory, 'server.key'), server.privateKey, { mode: 0o600 });
    const authority = await BusAuthority.open(join(directory, 'bus'), systemClock);
    const bench = new BusBench(directory, authority, certificates.credential.certificate, await freePort());
    await bench.server.start();
    return bench;
  }

  /** Another controller's view of the same server. */
  newServer(): NatsServer {
    return new NatsServer({
      directory: join(this.directory, 'bus'),
      listen: { host: '127.0.0.1', port: this.#port },
      tls: {
        certFile: join(this.directory, 'server.crt'),
        keyFile: join(this.directory, 'server.key'),
        caFile: join(this.directory, 'ca.crt'),
      },
      authority: this.authority,
      clock: systemClock,
      log: silentLogger,
    });
  }

  async controller(): Promise<NatsBus> {
    const { jwt, seed } = await this.authority.controllerCredentials();
    return this.connect('controller', { jwt, seed }, '_INBOX_controller');
  }

  async node(name: string, url?: string): Promise<NatsBus> {
    const { seed, publicKey } = createUserKey();
    return this.connect(name, { jwt: await this.authority.issueNode(name, publicKey), seed }, inboxPrefix(name), url);
  }

  async connect(
    name: string,
    credentials: { jwt: string; seed: string },
    prefix: string,
    url = this.server.url,
  ): Promise<NatsBus> {
    const bus = this.#dial({ name, servers: [url], credentials, inboxPrefix: prefix });
    await bus.ready();
    return bus;
  }

  /** A node's connection that is not waited for, as while there is no server. */
  async dial(name: string): Promise<NatsBus> {
    const { seed, publicKey } = createUserKey();
    const jwt = await this.authority.issueNode(name, publicKey);
    return this.#dial({ name, servers: [this.server.url], credentials: { jwt, seed }, inboxPrefix: inboxPrefix(name) });
  }

  #dial({ credentials: { jwt, seed }, ...options }: DialOptions): NatsBus {
    const bus = new NatsBus({
      ...options,
      ca: this.ca,
      credentials: { jwt: () => jwt, seed },
      pingMs,
      log: silentLogger,
    });
    this.#buses.push(bus);
    return bus;
  }

  async close(): Promise<void> {
    await Promise.all(this.#buses.map((bus) => bus.close()));
    await this.server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
