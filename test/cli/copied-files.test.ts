import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archiveEnd, newHeader, paddedBytes } from '../../agent/images/tar-header.ts';
import { packFiles } from '../../cli/pods/pack-files.ts';
import { unpackFiles } from '../../cli/pods/unpack-files.ts';

describe('files that cp copies', () => {
  let folder: string;
  let target: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-cp-'));
    target = join(folder, 'inside/target');
    mkdirSync(join(folder, 'inside'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function unpack(archive: AsyncIterable<Buffer>, root: string): Promise<string[]> {
    const warnings: string[] = [];
    await unpackFiles(archive, { root, target, warn: (text) => warnings.push(text) });
    return warnings;
  }

  it('come out as they went in: odd and long names, modes, links, empty ones', async () => {
    const source = join(folder, 'source');
    const names = [
      'a,b',
      'c&d',
      'with space',
      '-rf',
      'ünï',
      "quo'te",
      `long${'g'.repeat(200)}`,
      'line\nend',
      '$HOME',
      '*',
    ];
    mkdirSync(join(source, 'deep/er'), { recursive: true });
    for (const name of names) writeFileSync(join(source, 'deep', name), `content of ${name}`);
    writeFileSync(join(source, 'deep/er/empty'), '');
    writeFileSync(join(source, 'run.sh'), '#!/bin/sh\n'.repeat(100_000));
    chmodSync(join(source, 'run.sh'), 0o755);
    symlinkSync('../run.sh', join(source, 'deep/link'));
    await unpack(packFiles(source, 'renamed'), 'renamed');
    const below = (directory: string): Set<unknown> =>
      new Set(readdirSync(directory, { recursive: true, encoding: 'utf8' }));
    assert.deepEqual(below(target), below(source));
    for (const name of names) assert.equal(readFileSync(join(target, 'deep', name), 'utf8'), `content of ${name}`);
    assert.equal(readFileSync(join(target, 'run.sh')).length, 1_000_000);
    assert.equal(statSync(join(target, 'run.sh')).mode & 0o777, 0o755);
    assert.equal(readlinkSync(join(target, 'deep/link')), '../run.sh');
  });

  it('replace older ones, and a link instead of what it leads to', async () => {
    const [source, victim] = [join(folder, 'source'), join(folder, 'victim')];
    for (const each of [source, target]) mkdirSync(each);
    writeFileSync(join(source, 'file'), 'new');
    writeFileSync(victim, 'old');
    symlinkSync(victim, join(target, 'file'));
    await unpack(packFiles(source, 'x'), 'x');
    assert.equal(readFileSync(victim, 'utf8'), 'old');
    assert.equal(readFileSync(join(target, 'file'), 'utf8'), 'new');
    assert.ok(lstatSync(join(target, 'file')).isFile());
  });

  it('are an error when one is shorter than it was at the beginning', async () => {
    const source = join(folder, 'source');
    writeFileSync(source, 'x'.repeat(10_000));
    const reading = packFiles(source, 'x');
    await reading.next();
    truncateSync(source, 5);
    await assert.rejects(async () => {
      for await (const bytes of reading) assert.ok(bytes.length <= 10_000);
    }, /was made shorter while it was read/);
  });

  interface Entry {
    name: string;
    type?: string;
    link?: string;
  }

  /** An archive that a hostile container might send; its files say "evil". */
  async function* archiveOf(entries: readonly Entry[]): AsyncGenerator<Buffer> {
    for (const { name, type = '0', link = '' } of entries) {
      const body = Buffer.from(type === '0' ? 'evil' : '');
      yield newHeader({ name, type, mode: 0o644, size: body.length, link });
      yield Buffer.concat([body, Buffer.alloc(paddedBytes(body.length) - body.length)]);
    }
    yield archiveEnd;
  }

  const isInside = (): boolean =>
    readdirSync(folder).join() === 'inside' && readdirSync(join(folder, 'inside')).every((name) => name === 'target');

  const refused: [string, Entry[]][] = [
    ['a name with ..', [{ name: 'x/../../evil' }]],
    ['a name that begins with ..', [{ name: '../evil' }]],
    ['an absolute name', [{ name: '/tmp/berth-evil' }]],
    ['another name than the one that was asked for', [{ name: 'y' }]],
    ['a hard link to a file outside', [{ name: 'x/passwd', type: '1', link: '/etc/passwd' }]],
    ['a hard link to what is not there', [{ name: 'x/a', type: '1', link: 'x/b' }]],
    [
      'a file below a link',
      [{ name: 'x/', type: '5' }, { name: 'x/here', type: '2', link: '.' }, { name: 'x/here/evil' }],
    ],
  ];
  for (const [what, entries] of refused) {
    it(`are refused: ${what}`, async () => {
      await assert.rejects(unpack(archiveOf(entries), 'x'), /not below|is a link/);
      assert.ok(isInside());
      assert.ok(!existsSync('/tmp/berth-evil'));
    });
  }

  it('leave out links that lead out, however they are written', async () => {
    const links = ['/etc', '..', '../..', 'deep/../../..', './../..', 'self/self/../..'];
    const entries = links.map((link, index): Entry => ({ name: `x/link${index}`, type: '2', link }));
    const self: Entry = { name: 'x/self', type: '2', link: '.' };
    const warnings = await unpack(archiveOf([{ name: 'x/', type: '5' }, self, ...entries]), 'x');
    assert.deepEqual(readdirSync(target), ['self']);
    assert.equal(warnings.length, links.length);
  });
});
