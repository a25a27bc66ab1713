import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ContainerLog } from '../../../agent/logs/container-log.ts';
import { LogRotator } from '../../../agent/logs/log-rotator.ts';
import { FakeLink } from '../../fakes/fake-link.ts';
import type { ContainerId } from '../../../agent/runtime/driver.ts';
import { LogWriter } from './log-writer.ts';

type Action =
  | { do: 'write'; lines: number }
  | { do: 'partial' }
  | { do: 'ship' }
  | { do: 'lose answer' }
  | { do: 'rotate' }
  | { do: 'restart container' }
  | { do: 'restart agent'; isClean: boolean };

const actions = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('write' as const), lines: fc.integer({ min: 1, max: 40 }) }),
    fc.constant({ do: 'partial' as const }),
    fc.constant({ do: 'ship' as const }),
    fc.constant({ do: 'lose answer' as const }),
    fc.constant({ do: 'rotate' as const }),
    fc.constant({ do: 'restart container' as const }),
    fc.record({ do: fc.constant('restart agent' as const), isClean: fc.boolean() }),
  ),
  { minLength: 5, maxLength: 40 },
);

/** One container's log, its agent and its controller; every line written has its number as text. */
class Model {
  readonly link = new FakeLink();
  readonly writer: LogWriter;
  written = 0;
  #log: ContainerLog | undefined;
  readonly #root: string;
  readonly #rotator: LogRotator;
  #hasPartial = false;

  constructor(root: string) {
    this.#root = root;
    this.writer = new LogWriter(join(root, 'logs'));
    this.#rotator = new LogRotator({
      driver: this.writer,
      limits: { fileBytes: 1, files: 3, attempts: 2, allFiles: 5 },
      isShipped: (_directory, file) => this.#log?.hasShipped(file) ?? false,
      beforeRemove: async (_directory, file) => (await this.#open()).passOver(file),
    });
  }

  async act(action: Action): Promise<void> {
    switch (action.do) {
      case 'write':
        await this.writer.writeMany(Array.from({ length: action.lines }, (_, index) => String(this.written + index)));
        this.#hasPartial = false;
        this.written += action.lines;
        break;
      case 'partial':
        if (!this.#hasPartial) await this.writer.write('', { flag: 'P' });
        this.#hasPartial = true;
        break;
      case 'ship':
        await this.ship();
        break;
      case 'lose answer': {
        const batch = await (await this.#open()).fill(() => false);
        if (batch !== undefined) await this.link.sendLogs([batch]);
        break;
      }
      case 'rotate':
        await this.#rotator.rotate(this.writer.path, 'c' as ContainerId);
        break;
      case 'restart container':
        if (this.#hasPartial) await this.writer.write(String(this.written++));
        this.#hasPartial = false;
        await this.writer.restart();
        break;
      case 'restart agent':
        await this.#restartAgent(action.isClean);
        break;
    }
  }

  async ship(): Promise<boolean> {
    const log = await this.#open();
    const batch = await log.fill(() => false);
    if (batch === undefined) return false;
    const [next] = await this.link.sendLogs([batch]);
    await log.acknowledge(batch, next ?? 0);
    return true;
  }

  /** An unclean end forgets what was not written down yet. */
  async #restartAgent(isClean: boolean): Promise<void> {
    const state = join(this.#root, 'state.json');
    const before = await readFile(state).catch(() => undefined);
    await this.#log?.close();
    this.#log = undefined;
    if (isClean) return;
    if (before === undefined) await rm(state, { force: true });
    else await writeFile(state, before);
  }

  async #open(): Promise<ContainerLog> {
    const { directory } = this.writer;
    const owner = { namespace: 'default', pod: 'web', uid: 'u', container: 'main', directory };
    this.#log ??= await ContainerLog.open({ ...owner, stateFile: join(this.#root, 'state.json') });
    return this.#log;
  }
}

describe('ContainerLog', () => {
  it('gives a controller every line once and in order, or counts it as lost, whatever happens', async () => {
    const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
    await fc.assert(
      fc.asyncProperty(actions, async (happening) => {
        const root = await mkdtemp(join(base, 'berth-log-'));
        const model = new Model(root);
        try {
          await model.writer.open();
          for (const action of happening) await model.act(action);
          await model.act({ do: 'write', lines: 1 });
          while (await model.ship());
          const lines = model.link.lines.get('u/main') ?? [];
          const lost = model.link.lost.get('u/main') ?? 0;
          assert.equal(lines.length + lost, model.written, 'lines are neither there nor counted');
          const numbers = lines.map(Number);
          assert.ok(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0)));
          if (!happening.some((action) => action.do === 'rotate')) assert.equal(lost, 0);
        } finally {
          await model.act({ do: 'restart agent', isClean: true });
          await rm(root, { recursive: true });
        }
      }),
      { numRuns: 150 },
    );
  });
});
