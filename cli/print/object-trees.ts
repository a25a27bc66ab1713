import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { yaml } from '../../shared/yaml.ts';

/** Objects before and after a change as files in two directories, which a program compares. They go with the process. */
export class ObjectTrees {
  readonly #before = mkdtempSync(join(tmpdir(), 'LIVE-'));
  readonly #after = mkdtempSync(join(tmpdir(), 'MERGED-'));

  constructor() {
    // However it ends: an interrupt and a reader who has had enough end the process at once.
    process.once('exit', () => {
      for (const directory of [this.#before, this.#after]) rmSync(directory, { recursive: true, force: true });
    });
  }

  /** One object; an undefined state is an object that is not there. */
  add(name: string, before: unknown, after: unknown): void {
    for (const [directory, object] of [
      [this.#before, before],
      [this.#after, after],
    ] as const) {
      const text = yaml().stringify(object, { lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: true });
      if (object !== undefined) writeFileSync(join(directory, name), text, { mode: 0o600 });
    }
  }

  /** Shows the differences with `$KUBECTL_EXTERNAL_DIFF` or `diff -u -N`; resolves with its exit code. */
  compare(): Promise<number> {
    const words = (process.env['KUBECTL_EXTERNAL_DIFF'] ?? '').split(/\s+/).filter((word) => word !== '');
    const [program = 'diff', ...args] = words.length === 0 ? ['diff', '-u', '-N'] : words;
    return new Promise((resolve, reject) => {
      const child = spawn(program, [...args, this.#before, this.#after], { stdio: ['inherit', 'pipe', 'inherit'] });
      child.stdout.pipe(process.stdout, { end: false });
      child.on('error', (error) => reject(new Error(`cannot run ${program}: ${error.message}`, { cause: error })));
      child.on('close', (code) => resolve(code ?? -1));
    });
  }
}
