import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ApiHarness } from '../api/harness.ts';
import { Terminal } from '../e2e/terminal.ts';
import { berthArguments, CommandLine } from './control-plane.ts';

describe('berth completion', function () {
  this.timeout(90_000);
  let api: ApiHarness;
  let line: CommandLine;
  let directory: string;
  let kubeconfig: string;

  before(async () => {
    api = await ApiHarness.start();
    kubeconfig = await api.kubeconfig();
    line = new CommandLine({ KUBECONFIG: kubeconfig });
    directory = await mkdtemp(join(tmpdir(), 'berth-completion-'));
    await writeFile(
      join(directory, 'berth'),
      `#!/bin/sh\nexec '${[process.execPath, ...berthArguments].join("' '")}' "$@"\n`,
    );
    await chmod(join(directory, 'berth'), 0o755);
    for (const name of ['settings-one', 'settings-two']) {
      const { code } = await api.call('POST', '/api/v1/namespaces/default/configmaps', {
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
      });
      assert.equal(code, 201);
    }
  });
  after(async () => {
    await api?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** What is proposed for the last of these words. */
  async function propose(...words: string[]): Promise<string[]> {
    return (await line.ok(['__complete', ...words])).split('\n');
  }

  it('proposes commands, flags, their values, types and names', async () => {
    const [commands, parts, flags, formats, types, names, slash, namespaces, nothing] = await Promise.all([
      propose('desc'),
      propose('rollout', 're'),
      propose('get', '--show'),
      propose('get', 'pods', '-o', 'j'),
      propose('get', 'configm'),
      propose('get', '-o', 'name', 'cm', 'settings'),
      propose('describe', 'cm/settings'),
      propose('top', 'pods', '-n', 'kube-s'),
      propose('nonsense', ''),
    ]);
    assert.deepEqual(commands, ['describe']);
    assert.deepEqual(parts, ['restart', 'resume']);
    assert.deepEqual(flags, ['--show-kind', '--show-labels', '--show-managed-fields']);
    assert.deepEqual(formats, ['json', 'jsonpath=']);
    assert.deepEqual(types, ['configmaps']);
    assert.deepEqual(names, ['settings-one', 'settings-two']);
    assert.deepEqual(slash, ['cm/settings-one', 'cm/settings-two']);
    assert.deepEqual(namespaces, ['kube-system']);
    assert.deepEqual(nothing, ['']);
  });

  it('says nothing when the server cannot be reached', async () => {
    const { code, stdout, stderr } = await new CommandLine({ KUBECONFIG: '/nowhere' }).berth(['__complete', 'get', '']);
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
  });

  it('completes what is typed into a real bash', async () => {
    const env = { PATH: `${directory}${delimiter}${process.env['PATH']}`, KUBECONFIG: kubeconfig, HOME: directory };
    const bash = new Terminal('bash', ['--norc', '--noprofile', '-i'], { ...env, PS1: 'ready> ' }, [120, 30]);
    try {
      await bash.until(/ready> /);
      bash.type('bind "set bell-style none"; source <(berth completion bash); echo lo"aded"\r');
      await bash.until(/loaded\r/);
      bash.type('berth desc\t');
      await bash.until(/berth describe $/);
      bash.type('configm\t');
      await bash.until(/berth describe configmaps $/);
      bash.type('sett\t');
      await bash.until(/berth describe configmaps settings-$/);
      bash.type('t\t');
      await bash.until(/berth describe configmaps settings-two $/);
      bash.type('-o js\tp\t');
      await bash.until(/settings-two -o jsonpath=$/);
    } finally {
      bash.kill();
    }
  });

  it('has a script for each shell, and refuses others', async () => {
    for (const shell of ['zsh', 'fish']) assert.match(await line.ok(['completion', shell]), /__complete/);
    assert.match(await line.fails('completion tcsh', 2), /Allowed choices are bash, zsh, fish/);
  });
});
