import { attachTests, connectTests } from './runtime-attach.ts';
import { confinementTests } from './runtime-confinement.ts';
import { crashTests } from './runtime-crash.ts';
import { execTests } from './runtime-exec.ts';
import { lifeTests } from './runtime-life.ts';
import type { RuntimeBench } from './runtime-bench.ts';
import { sandboxTests } from './runtime-sandbox.ts';

/** What every runtime driver does. Each needs its runtime on this machine, and root. */
export function runtimeDriverConformance(name: string, open: () => Promise<RuntimeBench>): void {
  describe(`RuntimeDriver: ${name}`, function () {
    this.timeout(60_000);
    let bench: RuntimeBench;
    before(async () => {
      bench = await open();
    });
    after(async () => {
      await bench.close();
    });

    describe('a container', () => lifeTests(() => bench));
    describe('its confinement', () => confinementTests(() => bench));
    describe('commands in it', () => execTests(() => bench));
    describe('attachments to it', () => attachTests(() => bench));
    describe('connections to a sandbox', () => connectTests(() => bench));
    describe('a sandbox', () => sandboxTests(() => bench));
    describe('after a crash of the agent', () => crashTests(() => bench));
  });
}
