import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKubeconfig } from '../../cli/client/kubeconfig.ts';
import { formatTable, type Table } from '../../cli/print/table.ts';
import { parseTargets, ResourceNames, type ServedResource } from '../../cli/client/resource-names.ts';
import { UsageError } from '../../cli/usage.ts';
import { parseDurationMs } from '../../cli/durations.ts';
import { SettingsError, parseAddress, parseCidr, parseDirectory, parseNodeName } from '../../shared/settings.ts';

const base = { group: '', version: 'v1', namespaced: true, shortNames: [], categories: [], verbs: [] };
const names = new ResourceNames([
  { ...base, plural: 'pods', singular: 'pod', kind: 'Pod', shortNames: ['po'], categories: ['all'] },
  {
    ...base,
    group: 'apps',
    plural: 'deployments',
    singular: 'deployment',
    kind: 'Deployment',
    shortNames: ['deploy'],
    categories: ['all'],
  },
] satisfies ServedResource[]);

describe('command line words', () => {
  const table: Table = {
    kind: 'Table',
    columnDefinitions: [{ name: 'Name' }, { name: 'Ready' }, { name: 'IP', priority: 1 }],
    rows: [
      { cells: ['web', '1/1', '10.0.0.1'], object: { metadata: { namespace: 'default' } } },
      { cells: ['a-long-name', '0/1', null], object: { metadata: { namespace: 'kube-system' } } },
    ],
  };

  it('aligns columns and shows the wide ones on demand', () => {
    assert.equal(formatTable(table, {}), 'NAME          READY\nweb           1/1\na-long-name   0/1\n');
    assert.match(formatTable(table, { wide: true }), /IP\nweb .*10\.0\.0\.1\na-long-name .*<none>\n$/);
    assert.match(formatTable(table, { withNamespace: true, headers: false }), /^default {7}web/);
  });

  it('understands every name of a type, lists and TYPE/NAME', () => {
    const words = (...all: string[]): string[] =>
      parseTargets(all, names).map(({ resource, name }) => `${resource.plural} ${name ?? '*'}`);
    assert.deepEqual(words('po', 'a', 'b'), ['pods a', 'pods b']);
    assert.deepEqual(words('Deployment/web'), ['deployments web']);
    assert.deepEqual(words('deployments.apps'), ['deployments *']);
    assert.deepEqual(words('all'), ['pods *', 'deployments *']);
    assert.deepEqual(words('pods,deploy'), ['pods *', 'deployments *']);
    for (const wrong of [['nothing'], ['pod/a/b'], ['pod/'], []]) assert.throws(() => words(...wrong), UsageError);
  });

  it('reads durations', () => {
    assert.deepEqual(['30s', '5m', '1h', '7', '250ms'].map(parseDurationMs), [30_000, 300_000, 3_600_000, 7000, 250]);
    for (const wrong of ['', '5 minutes', '-3s', '1y']) assert.throws(() => parseDurationMs(wrong), /duration/);
  });

  it('names the file and the entry when a kubeconfig is not usable', () => {
    const dir = mkdtempSync(join(tmpdir(), 'berth-kubeconfig-'));
    try {
      const file = join(dir, 'config');
      assert.throws(() => loadKubeconfig(file), /cannot read kubeconfig .*berth up/);
      writeFileSync(file, 'current-context: a\ncontexts: []\n');
      assert.throws(() => loadKubeconfig(file), /config: no entry "a" in contexts/);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('refuses settings that cannot work and names the flag', () => {
    assert.deepEqual(parseAddress('api-listen', '[::1]:80'), { host: '::1', port: 80 });
    assert.deepEqual(parseAddress('api-listen', ':80'), { host: '0.0.0.0', port: 80 });
    for (const wrong of ['80', 'host', 'host:99999', 'a:b:1'])
      assert.throws(() => parseAddress('api-listen', wrong), /--api-listen/);
    for (const wrong of ['/proc/nope/x', '/sys', '/a:b', '/a,b', '']) {
      assert.throws(() => parseDirectory('data-dir', wrong), SettingsError);
    }
    for (const wrong of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/30', '::/64', 'x/16'])
      assert.throws(() => parseCidr('pod-cidr', wrong), SettingsError);
    for (const wrong of ['', 'Upper', '../x', 'a_b', '-a'])
      assert.throws(() => parseNodeName('node-name', wrong), SettingsError);
  });
});
