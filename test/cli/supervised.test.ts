import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { get } from 'node:https';
import { join } from 'node:path';
import { Supervised } from '../../cli/machine/supervised.ts';
import { runCommand } from '../support/command.ts';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';
import { berthArguments } from './control-plane.ts';

/** Processes that this one has started and that still live. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Command lines that name a path. */
function processesNaming(path: string): string[] {
  const commandOf = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return ''; // it has ended meanwhile
    }
  };
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(commandOf).filter((command) => command.includes(path));
}

describe('berth up and its programs', function () {
  this.timeout(120_000);
  let directory: string;
  let args: string[];
  let up: ChildProcess;
  let output = '';
  let errors = '';

  const start = (): void => {
    [output, errors] = ['', ''];
    up = spawn(process.execPath, [...berthArguments, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    up.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    up.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  };
  const ended = async (): Promise<number | null> => {
    if (up.exitCode === null && up.signalCode === null) await once(up, 'close');
    return up.exitCode;
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-up-'));
    const [api, bus, metrics] = await freePorts(3);
    args = ['up', '--no-agent', '--data-dir', join(directory, 'data'), '--log-level', 'error'];
    args.push('--api-listen', `127.0.0.1:${api}`, '--bus-listen', `127.0.0.1:${bus}`);
    args.push('--metrics-listen', `127.0.0.1:${metrics}`);
    start();
  });
  afterEach(async () => {
    up.kill('SIGTERM');
    await ended();
    assert.deepEqual(processesNaming(directory), [], 'a program was left behind');
    await rm(directory, { recursive: true, force: true });
  });

  it('comes up although the controller is killed while it starts', async () => {
    await until(() => childrenOf(up.pid ?? 0).length > 0, 'the controller runs', { everyMs: 1 });
    process.kill(childrenOf(up.pid ?? 0)[0] ?? 0, 'SIGKILL');
    const isReady = (): boolean => {
      assert.match(output, /^berth ready /m, errors);
      return true;
    };
    await until(isReady, 'berth is ready', { withinMs: 60_000 });
    assert.match(errors, /the controller ended with SIGKILL; starting it again/);
  });

  it('ends as asked when it is told to at whatever point of its start', async () => {
    const controller = (): number | undefined => childrenOf(up.pid ?? 0)[0];
    const moments: Record<string, () => boolean> = {
      'the controller is there': () => controller() !== undefined,
      'the bus is there': () => childrenOf(controller() ?? up.pid ?? 0).length > 0 || /^berth ready/m.test(output),
    };
    for (const [moment, isReached] of Object.entries(moments)) {
      await until(isReached, moment, { withinMs: 60_000, everyMs: 1 });
      const children = childrenOf(up.pid ?? 0);
      up.kill('SIGTERM');
      assert.equal(await ended(), 0, errors);
      assert.deepEqual(
        children.filter((pid) => existsSync(`/proc/${pid}`)),
        [],
      );
      assert.equal(errors, '');
      start();
    }
  });

  it('ends in order at Ctrl-C, and when a service manager tells each process to stop', async () => {
    await until(() => /^berth ready /m.test(output), 'berth is ready', { withinMs: 60_000 });
    const [controller = 0] = childrenOf(up.pid ?? 0);
    process.kill(controller, 'SIGINT');
    up.kill('SIGINT');
    await until(
      () => {
        if (up.exitCode === null && existsSync(`/proc/${controller}`)) process.kill(controller, 'SIGTERM');
        return up.exitCode !== null;
      },
      'it has ended',
      { everyMs: 1, withinMs: 60_000 },
    );
    assert.equal(up.exitCode, 0, errors);
    assert.equal(errors, '');
    assert.deepEqual(readdirSync(join(directory, 'data/processes')), [], 'who ends in order takes its record along');
  });

  it('leaves nobody behind when the bus is frozen, or the controller dies instead of ending', async () => {
    for (const hinder of [
      (_controller: number, bus: number) => process.kill(bus, 'SIGSTOP'),
      (controller: number) => process.kill(controller, 'SIGKILL'),
    ]) {
      await until(() => /^berth ready /m.test(output), 'berth is ready', { withinMs: 60_000 });
      const [controller = 0] = childrenOf(up.pid ?? 0);
      const [bus = 0] = childrenOf(controller);
      process.kill(controller, 'SIGSTOP'); // so that it is not done before it is hindered
      up.kill('SIGTERM');
      hinder(controller, bus);
      process.kill(controller, 'SIGCONT');
      assert.equal(await ended(), 0, errors);
      assert.deepEqual(processesNaming(directory), []);
      start();
    }
  });

  it('says in one line that a port is taken, or a flag wrong', async () => {
    await until(() => /^berth ready /m.test(output), 'berth is ready', { withinMs: 60_000 });
    const first = up;
    const api = args[args.indexOf('--api-listen') + 1] ?? '';
    const [bus] = await freePorts(1);
    const other = ['--data-dir', join(directory, 'other'), '--bus-listen', `127.0.0.1:${bus}`];
    const cases: [string[], number, RegExp][] = [
      [other, 1, /^berth controller: .*127\.0\.0\.1:\d+.*\n$/],
      [[...other, '--api-listen', 'nowhere'], 2, /^berth controller: --api-listen: "nowhere" is not HOST:PORT.*\n$/],
      [[], 2, /^berth: Berth already runs on \S+ \(process \d+\); 'berth down' stops it\n$/],
    ];
    for (const [more, code, line] of cases) {
      const before = args;
      args = [...args, ...more];
      start();
      assert.equal(await ended(), code, errors);
      assert.match(errors, line, api);
      args = before;
    }
    up = first;
    assert.equal(up.exitCode, null);
  });
});

describe('a supervised controller', function () {
  this.timeout(120_000);
  let directory: string;
  let controller: Supervised;
  let api: string;
  let errors: string[];
  const { write } = process.stderr;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-supervised-'));
    const [port, bus, metrics] = await freePorts(3);
    const args = ['--data-dir', join(directory, 'data'), '--api-listen', `127.0.0.1:${port}`, '--log-level', 'error'];
    args.push('--bus-listen', `127.0.0.1:${bus}`, '--metrics-listen', `127.0.0.1:${metrics}`);
    errors = [];
    process.stderr.write = (chunk: string | Uint8Array) => errors.push(String(chunk)) > 0;
    controller = new Supervised('controller', args, {}, 3);
    const { ready } = (await controller.start(60_000)) as { ready: { api: string } };
    api = ready.api;
  });
  afterEach(async () => {
    process.stderr.write = write;
    await controller.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const request = get(`${api}/livez`, { rejectUnauthorized: false, agent: false, timeout: 2_000 }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.on('timeout', () => request.destroy());
      request.on('error', () => resolve(false));
    });

  it('is started again at once when it is killed, and later only when that happens again and again', async () => {
    for (let kill = 0; kill < 2; kill += 1) {
      const { pid = 0 } = controller;
      process.kill(pid, 'SIGKILL');
      await until(async () => controller.pid !== pid && (await answers()), 'it answers again', { everyMs: 20 });
    }
    const restarts = errors.filter((line) => line.includes('ended with SIGKILL'));
    assert.match(restarts[0] ?? '', /starting it again at once/);
    assert.match(restarts[1] ?? '', /starting it again (at once|in 0.5 s)/);
  });

  it('is killed and started again when it does not answer any more', async () => {
    const { pid = 0 } = controller;
    // It has said that it lives by then.
    await until(answers, 'it answers', { everyMs: 20 });
    process.kill(pid, 'SIGSTOP');
    await until(async () => controller.pid !== pid && (await answers()), 'it answers again', { withinMs: 60_000 });
    assert.match(errors.join(''), /the controller has not answered for 3 s; it is killed/);
    assert.equal(existsSync(`/proc/${pid}`), false);
    const environment = readFileSync(`/proc/${controller.pid}/environ`, 'utf8').split('\0');
    assert.ok(environment.includes('BERTH_LAST_END=stuck'));
  });
});

describe('berth controller and berth agent', () => {
  for (const program of ['controller', 'agent']) {
    it(`${program}: a wrong flag is one line of the same form as everywhere`, async () => {
      const { code, stdout, stderr } = await runCommand(process.execPath, [...berthArguments, program, '--nonsense']);
      assert.deepEqual(
        [code, stdout, stderr],
        [2, '', `berth: unknown option '--nonsense'; see berth ${program} --help\n`],
      );
    });
  }
});
