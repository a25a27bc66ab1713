import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { commandGroups } from '../../cli/commands.ts';
import { moveGlobalFlags } from '../../cli/global-flags.ts';
import { runCommand } from '../support/command.ts';
import { berthArguments } from './control-plane.ts';

/** Those whose program has a help of its own. */
const withoutExamples = new Set(['controller', 'agent']);

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
        for (const option of each.options.filter(({ hidden }) => !hidden))
          assert.notEqual(option.description, '', `${each.name()} ${option.flags}`);
        if (withoutExamples.has(each.name())) continue;
        assert.match(helpOf(each), /\nExamples:\n {2}(sudo )?berth /, each.name());
      }
    });
  }

  it('tells of every command on one line that fits a terminal, and where to start', async () => {
    const { code, stdout } = await runCommand(process.execPath, [...berthArguments, '--help']);
    assert.equal(code, 0);
    const lines = stdout.split('\n');
    for (const [name] of all) assert.equal(lines.filter((line) => line.startsWith(`  ${name} `)).length, 1, name);
    assert.ok(
      lines.every((line) => line.length <= 80),
      stdout,
    );
    assert.ok(lines.length <= 72, `${lines.length} lines`);
    assert.match(stdout, /Start here:\n +berth quickstart/);
  });

  it('shows durations as people write them', async () => {
    for (const [words, shown] of [
      ['wait', '30s'],
      ['rollout status', '10m'],
      ['token create', '24h'],
    ] as const) {
      const { stdout } = await runCommand(process.execPath, [...berthArguments, ...words.split(' '), '--help']);
      assert.match(stdout, new RegExp(`\\(default:\\s+${shown}\\)`), words);
    }
  });

  it('proposes the command that was meant by a word that is near, or that another tool has', async () => {
    const refusal = async (...words: string[]): Promise<string> => {
      const { code, stderr } = await runCommand(process.execPath, [...berthArguments, ...words]);
      assert.equal(code, 2);
      return stderr;
    };
    assert.match(await refusal('descrbe'), /unknown command 'descrbe' \(Did you mean describe\?\); see berth --help/);
    assert.match(await refusal('rollout', 'statsu'), /Did you mean status\?\); see berth rollout --help/);
    assert.match(await refusal('ps', '-a'), /unknown command 'ps': use berth get pods; see berth --help/);
    for (const [word, ...instead] of [
      ['compose', 'kompose convert', 'berth apply -f'],
      ['build', 'docker build', 'berth image import'],
      ['proxy', 'kubectl proxy', 'berth port-forward'],
      ['install', 'helm template', 'berth apply -f -'],
    ]) {
      const told = await refusal(word ?? '', 'web');
      assert.match(told, new RegExp(`^berth: unknown command '${word}': use [^\n]+; see berth --help\n$`));
      for (const part of instead) assert.ok(told.includes(part), told);
    }
  });

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
