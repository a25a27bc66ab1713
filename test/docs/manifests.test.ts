import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlPlane } from '../cli/control-plane.ts';
import { root } from './shell-lines.ts';

const folder = join(root, 'manifests');

describe('manifests', function () {
  this.timeout(120_000);
  let plane: ControlPlane;

  before(async () => {
    plane = await ControlPlane.start();
  });

  after(async () => plane?.stop());

  for (const name of readdirSync(folder).filter((file) => file.endsWith('.yaml'))) {
    it(`${name} is explained, applied as it was checked, applied again without a change, and deleted`, async () => {
      const file = join(folder, name);
      assert.match(readFileSync(file, 'utf8'), /^# [A-Z].*[.:].*\n/);
      const checked = await plane.berth(['apply', '-f', file, '--dry-run=server']);
      assert.deepEqual([checked.code, checked.stderr], [0, '']);
      const made = await plane.ok(['apply', '-f', file]);
      assert.equal(checked.stdout.replaceAll(' (server dry run)', '').trimEnd(), made);
      assert.ok(made.split('\n').every((line) => line.endsWith(' created')));
      assert.equal(await plane.ok(['apply', '-f', file]), made.replaceAll('created', 'unchanged'));
      const gone = await plane.ok(['delete', '-f', file]);
      assert.equal(gone.split('\n').length, made.split('\n').length);
      const { stdout } = await plane.berth(['get', '-f', file, '--ignore-not-found']);
      assert.equal(stdout, '');
    });
  }
});
