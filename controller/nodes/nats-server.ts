import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backoffMs } from '../../shared/backoff.ts';
import { NatsBus } from '../../shared/bus/nats-bus.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../shared/process-identity.ts';
import { Scope } from '../../shared/scope.ts';
import { makePrivateDirectory, readIfPresent, writePrivateFile } from '../certificates/private-files.ts';
import type { BusAuthority } from './jwt.ts';
import { lastLines, nameOf, pruneLogs } from './nats-health.ts';
import { renderConfig, serverName, type NatsServerConfig, type TlsFiles, type Version } from './nats-config.ts';
import { checkConfig, findServer, findVersion, signalServer, spawnServer } from './nats-process.ts';

export interface NatsServerOptions {
  /** Configuration, log and keys of the server; made when it is missing. */
  directory: string;
  listen: { host: string; port: number };
  /** PEM files. Absent: no TLS, for tests only. */
  tls?: { certFile: string; keyFile: string; caFile: string };
  authority: BusAuthority;
  clock: Clock;
  log: Logger;
  /** Told which process the server is now; undefined when it was ended. */
  onProcess?: (pid: number | undefined) => void;
  /** Default `nats-server` in PATH. */
  binary?: string;
}

const pollMs = 50;
const watchMs = 200;
/** In looks at the server: every ten minutes. */
const pruneEvery = 3000;
const healthyWithinMs = 15_000;
const stopWithinMs = 5000;

/**
 * The bus as a child of the controller. It outlives a controller that crashes, and the next one adopts it, so that
 * agents notice nothing. While this runs, a server that dies is started again.
 */
export class NatsServer {
  readonly #options: NatsServerOptions;
  readonly #scope = new Scope('nats-server');
  readonly #configFile: string;
  #version: Version | undefined;
  #config: NatsServerConfig | undefined;
  #server: ProcessIdentity | undefined;
  #wasAdopted = false;
  /** One at a time: of two that sign the same claims at once, one would be lost. */
  #revoking: Promise<unknown> = Promise.resolve();

  constructor(options: NatsServerOptions) {
    this.#options = options;
    this.#configFile = join(options.directory, 'nats-server.conf');
  }

  /** True when `start` found a server of an earlier controller. */
  get wasAdopted(): boolean {
    return this.#wasAdopted;
  }

  get pid(): number | undefined {
    return this.#server?.pid;
  }

  /** Where clients on this machine connect. */
  get url(): string {
    const { host, port } = this.#place;
    return `${this.#options.tls === undefined ? 'nats' : 'tls'}://${host}:${port}`;
  }

  /** As programs of this machine reach it. */
  get #place(): { host: string; port: number } {
    const { host, port } = this.#options.listen;
    return { host: host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port };
  }

  /** Adopts or starts the server and resolves when it answers. Throws with a clear message when it cannot be had. */
  async start(): Promise<void> {
    const { directory, binary = 'nats-server' } = this.#options;
    await makePrivateDirectory(directory);
    this.#version = await findVersion(binary);
    const before = await this.#findRunning();
    this.#config = await this.#makeConfig();
    if (before !== undefined && (await this.#isOurs(before, this.#config))) {
      this.#setServer(before);
      this.#wasAdopted = true;
      await this.reload();
    } else {
      if (before !== undefined) await this.#end(before);
      await this.#launch(this.#config);
    }
    this.#options.log.info('bus is up', { url: this.url, pid: this.pid, adopted: this.#wasAdopted });
    this.#scope.spawn(
      (signal) => this.#supervise(signal),
      (error) => this.#options.log.error('bus supervision ended', { error }),
    );
  }

  /** Voids what was issued to this key until now; whoever uses it is cut off. */
  revoke(publicKey: string): Promise<void> {
    const revoked = this.#revoking.then(() => this.#revoke(publicKey));
    this.#revoking = revoked.catch(() => undefined);
    return revoked;
  }

  async #revoke(publicKey: string): Promise<void> {
    const { authority, tls, log } = this.#options;
    await authority.revoke(publicKey);
    await this.#refreshConfig();
    // A server that reads its file again would cut off others too: this one is told what has changed.
    const { accountId, accounts } = authority.serverClaims;
    const { jwt, seed } = await authority.systemCredentials();
    const bus = new NatsBus({
      name: 'revocation',
      servers: [this.url],
      ...(tls !== undefined && { ca: await readFile(tls.caFile, 'utf8') }),
      credentials: { jwt: () => jwt, seed },
      log,
    });
    try {
      await bus.ready();
      bus.publishBytes(`$SYS.REQ.ACCOUNT.${accountId}.CLAIMS.UPDATE`, Buffer.from(accounts[accountId] ?? ''));
      await bus.flush();
    } finally {
      await bus.close();
    }
  }

  /** Makes the server read its certificate again if it is another one; then, and only then, clients have to come back. */
  async reload(): Promise<void> {
    if (await this.#refreshConfig()) this.#signal('SIGHUP');
  }

  /** Ends the server. A second call does nothing. */
  async stop(): Promise<void> {
    await this.#scope.close();
    if (this.#server !== undefined) await this.#end(this.#server);
    this.#setServer(undefined);
  }

  /** Leaves the server running for the next controller. */
  async release(): Promise<void> {
    await this.#scope.close();
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#server !== undefined) signalServer(this.#server, signal);
  }

  #setServer(server: ProcessIdentity | undefined): void {
    this.#server = server;
    this.#options.onProcess?.(server?.pid);
  }

  #file(name: string): string {
    return join(this.#options.directory, name);
  }

  /** True when the text is another one now. */
  async #refreshConfig(): Promise<boolean> {
    if (this.#config === undefined) return false;
    const before = await readIfPresent(this.#configFile);
    this.#config = await this.#makeConfig();
    await this.#writeConfig(this.#config);
    return before !== (await readIfPresent(this.#configFile));
  }

  async #makeConfig(): Promise<NatsServerConfig> {
    const { listen, tls, authority } = this.#options;
    return {
      listen,
      ...(tls !== undefined && { tls: await describeTls(tls) }),
      logFile: this.#file('nats-server.log'),
      claims: authority.serverClaims,
    };
  }

  async #writeConfig(config: NatsServerConfig): Promise<void> {
    if (this.#version === undefined) throw new Error('the version of nats-server is not known yet');
    await writePrivateFile(this.#configFile, renderConfig(config, this.#version));
  }

  async #findRunning(): Promise<ProcessIdentity | undefined> {
    const pid = Number(await readIfPresent(this.#file('nats-server.pid')));
    return pid > 0 ? findServer(pid, this.#configFile) : undefined;
  }

  /** Ours is the one that answers with the very name of this configuration. */
  async #isOurs(server: ProcessIdentity, config: NatsServerConfig): Promise<boolean> {
    const deadline = this.#options.clock.monotonic() + stopWithinMs;
    while (isSameProcess(server) && this.#options.clock.monotonic() < deadline) {
      const name = await nameOf(this.#place);
      if (name !== undefined) return name === serverName(config);
      await this.#options.clock.sleep(pollMs);
    }
    return false;
  }

  async #launch(config: NatsServerConfig, signal?: AbortSignal): Promise<void> {
    const { binary = 'nats-server', clock } = this.#options;
    await this.#writeConfig(config);
    await checkConfig(binary, this.#configFile);
    const [output, pidFile] = [this.#file('nats-server.out'), this.#file('nats-server.pid')];
    const pid = await spawnServer(binary, this.#configFile, output, pidFile);
    // By its number alone: a program that has just been executed has no command line to be known by yet.
    this.#setServer(identifyProcess(pid));
    const deadline = clock.monotonic() + healthyWithinMs;
    while (this.#server !== undefined && isSameProcess(this.#server)) {
      if ((await nameOf(this.#place)) === serverName(config)) return;
      if (clock.monotonic() > deadline) {
        await this.#end(this.#server);
        throw new Error(`nats-server did not become healthy within ${healthyWithinMs / 1000} s`);
      }
      await clock.sleep(pollMs, signal);
    }
    throw new Error(`nats-server ended at its start: ${await lastLines(config.logFile)}`);
  }

  async #supervise(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let failures = 0;
    for (let round = 0; !signal.aborted; round += 1) {
      if (round % pruneEvery === 0) await pruneLogs(this.#file('nats-server.log'));
      if (this.#server !== undefined && isSameProcess(this.#server)) {
        await clock.sleep(watchMs, signal);
        continue;
      }
      log.error('bus has ended; starting it again', { failures });
      await clock.sleep(backoffMs(failures, { initialMs: 250, maxMs: 5000 }), signal);
      try {
        if (this.#config !== undefined) await this.#launch(this.#config, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        log.error('bus did not start', { problem: messageOf(error) });
      }
    }
  }

  async #end(server: ProcessIdentity): Promise<void> {
    const { clock } = this.#options;
    signalServer(server, 'SIGTERM');
    const deadline = clock.monotonic() + stopWithinMs;
    while (isSameProcess(server)) {
      if (clock.monotonic() > deadline) signalServer(server, 'SIGKILL');
      await clock.sleep(pollMs);
    }
  }
}

async function describeTls({ certFile, keyFile }: { certFile: string; keyFile: string }): Promise<TlsFiles> {
  const certificate = await readFile(certFile);
  return { certFile, keyFile, fingerprint: createHash('sha256').update(certificate).digest('hex') };
}
