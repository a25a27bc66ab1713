import assert from 'node:assert/strict';
import { chmod, cp, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { complete } from '../../cli/complete.ts';
import { readYaml, writeYaml } from '../../shared/yaml.ts';
import { needsKubectl } from '../api/kubectl.ts';
import { runCommand } from '../support/command.ts';
import { CommandLine } from './control-plane.ts';

const config = {
  apiVersion: 'v1',
  kind: 'Config',
  preferences: {},
  clusters: [
    { name: 'one', cluster: { server: 'https://127.0.0.1:1', 'certificate-authority-data': 'Zm9v' } },
    { name: 'two', cluster: { server: 'https://127.0.0.1:2', 'certificate-authority': 'ca.pem' } },
  ],
  users: [
    { name: 'me', user: { token: 'secret-token' } },
    { name: 'you', user: { 'client-certificate-data': 'Zm9v', 'client-key-data': 'YmFy' } },
  ],
  contexts: [
    { name: 'b', context: { cluster: 'two', user: 'you', namespace: 'web' } },
    { name: 'a', context: { cluster: 'one', user: 'me' } },
  ],
  'current-context': 'a',
};

const readers = [
  'view',
  'view --raw',
  'view --minify',
  'view --minify --raw --context=b',
  'view --minify --flatten --context=b',
  "view -o jsonpath='{.contexts[*].name}'",
  'current-context',
  'get-contexts',
  'get-contexts b --no-headers',
  'get-contexts -o name',
  'get-contexts b nope',
  'get-clusters',
  'get-users',
];

/** Run one after the other on the same file. */
const writers = [
  'use-context nope',
  'use-context b',
  'set-context --current --namespace=shop',
  'set-context c --cluster=one --user=me',
  'set-context c --namespace=x',
  'set-context c --namespace=',
  'rename-context nope x',
  'rename-context a b',
  'rename-context b z',
  'delete-user you',
  'delete-cluster nope',
  'delete-context z',
  'view --minify',
  'set-context --current --namespace=x',
];

describe('berth config', function () {
  this.timeout(120_000);
  let directory: string;
  let path: string;
  let line: CommandLine;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-config-'));
    path = join(directory, 'config');
    await writeFile(path, writeYaml(config), { mode: 0o600 });
    await writeFile(join(directory, 'ca.pem'), 'an authority');
    line = new CommandLine({ KUBECONFIG: path });
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('prints what kubectl prints, and leaves the file that kubectl leaves', async function () {
    needsKubectl(this);
    const theirs = join(directory, 'theirs');
    await cp(path, theirs);
    const compare = async (words: string): Promise<void> => {
      const args = ['config', ...words.split(' ').map((word) => word.replaceAll("'", ''))];
      const [own, wanted] = await Promise.all([
        line.berth(args),
        runCommand('kubectl', args, { env: { KUBECONFIG: theirs, HOME: directory } }),
      ]);
      const shown = (text: string): string => {
        const tidy = text.replaceAll(theirs, path).replaceAll(/ +$/gm, '');
        // kubectl lists clusters and users in any order
        return words.startsWith('get-') ? tidy.replaceAll(/ +/g, ' ').split('\n').sort().join('\n') : tidy;
      };
      assert.equal(own.code === 0, wanted.code === 0, `${words}: ${own.stderr}${wanted.stderr}`);
      assert.equal(shown(own.stdout), shown(wanted.stdout), words);
    };
    await Promise.all(readers.map(compare));
    for (const words of writers) {
      await compare(words);
      assert.deepEqual(read(await readFile(path)), read(await readFile(theirs)), words);
    }
  });

  it('keeps mode, notation and links, and all that it does not know', async () => {
    const real = join(directory, 'real.json');
    await writeFile(real, JSON.stringify({ ...config, extensions: [{ name: 'x', extension: { a: 1 } }] }));
    await chmod(real, 0o640);
    const link = join(directory, 'link');
    await symlink(real, link);
    const done = await line.ok(['config', 'use', 'b', '--kubeconfig', link]);
    assert.equal(done, 'Switched to context "b".');
    assert.equal((await stat(real)).mode & 0o777, 0o640);
    const after = JSON.parse(await readFile(link, 'utf8')) as typeof config & { extensions: unknown };
    assert.deepEqual([after['current-context'], after.extensions], ['b', [{ name: 'x', extension: { a: 1 } }]]);
    assert.deepEqual((await readdir(directory)).sort(), ['ca.pem', 'config', 'link', 'real.json']);
  });

  it('says on one line what is wrong, and changes nothing then', async () => {
    const before = await readFile(path, 'utf8');
    const wrong: [string, 1 | 2, RegExp][] = [
      ['use-context nope', 1, /no context exists with the name: "nope"; there is b, a$/],
      ['use-context', 2, /missing required argument 'context'/],
      ['set-context', 2, /you must specify a non-empty context name or --current/],
      ['set-context a --current', 2, /you cannot specify both a context name and --current/],
      ['set-context a --namspace=x', 2, /Did you mean --namespace\?/],
      ['use-contxt a', 2, /Did you mean use-context\?/],
      ['view --kubeconfig nowhere', 2, /cannot read kubeconfig nowhere: it does not exist; start Berth with/],
    ];
    for (const [words, code, message] of wrong) assert.match(await line.fails(`config ${words}`, code), message);
    assert.equal(await readFile(path, 'utf8'), before);
  });

  it('has its contexts completed', async () => {
    const all = await complete(['config', 'use-context', '--kubeconfig', path, '']);
    assert.deepEqual(all, ['a', 'b']);
  });
});

/** Lists by name, without empty words: kubectl puts them in order and writes `user: ""`, which says nothing. */
function read(bytes: Buffer): unknown {
  const byName = (list: { name: string }[] | null): object[] => (list ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
  const text = JSON.stringify(readYaml(bytes.toString()), (_key, value: unknown) => (value === '' ? undefined : value));
  const { clusters, users, contexts, ...rest } = JSON.parse(text) as typeof config;
  return { ...rest, clusters: byName(clusters), users: byName(users), contexts: byName(contexts) };
}
