import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { commandGroups } from '../../cli/commands.ts';
import { moveGlobalFlags } from '../../cli/global-flags.ts';

/** Those whose program has a help of its own, and those that only hold others. */
const withoutExamples = new Set(['controller', 'agent', 'token', 'rollout', 'image']);

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (piece) => (text += piece) });
  command.outputHelp();
  return text;
}

describe('berth --help', () => {
  const all = Object.values(commandGroups).flatMap((group) => Object.entries(group));
  for (const [name, load] of all) {
    it(`describes ${name} and what it is made of, with examples and each flag`, async () => {
      const command = await load();
      for (const each of [command, ...command.commands]) {
        assert.notEqual(each.description(), '', each.name());
        for (const option of each.options) assert.notEqual(option.description, '', `${each.name()} ${option.flags}`);
        const isImage = name === 'image'; // its parts are told in docs
        if (isImage || withoutExamples.has(each.name())) continue;
        assert.match(helpOf(each), /\nExamples:\n {2}(sudo )?berth /, each.name());
      }
    });
  }

  it('lets the flags of every command stand before it', () => {
    const moved = (line: string): string => moveGlobalFlags(line.split(' ')).join(' ');
    assert.equal(moved('-n web get pods'), 'get pods -n web');
    assert.equal(moved('--kubeconfig=a --namespace web get'), 'get --namespace web --kubeconfig=a');
    assert.equal(moved('-nweb exec pod -- ls -n x'), 'exec pod -nweb -- ls -n x');
    assert.equal(moved('get pods -n web'), 'get pods -n web');
    assert.equal(moved('-n'), '-n');
    assert.equal(moved('--help'), '--help');
  });
});
