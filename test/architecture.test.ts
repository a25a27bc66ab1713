import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * Who may import whom: the longest matching row decides for a file. `self` is the row's own folder and what is below.
 * An entry ending in `.ts` allows that one file.
 */
const mayImport: Record<string, string[]> = {
  shared: ['shared'],
  'controller/store': ['self', 'shared'],
  'controller/reconcile': ['self', 'shared', 'controller/store'],
  'controller/scheduler': ['self', 'shared', 'controller/store'],
  'controller/nodes': ['self', 'shared', 'controller/store', 'controller/certificates/private-files.ts'],
  'controller/api': ['self', 'shared', 'controller/store'],
  'controller/certificates': ['self', 'shared'],
  'controller/history': ['self', 'shared', 'controller/store'],
  'controller/metrics': ['self', 'shared', 'controller/store'],
  controller: ['controller', 'shared'],
  'agent/runtime': [
    'self',
    'shared',
    'agent/paths.ts',
    'agent/images/image-service.ts',
    'agent/images/snapshotter.ts',
    'agent/network/network.ts',
    'agent/host',
  ],
  'agent/images': ['self', 'shared', 'agent/paths.ts', 'agent/runtime/driver.ts', 'agent/host'],
  'agent/network': ['self', 'shared', 'agent/paths.ts', 'agent/runtime/driver.ts', 'agent/host'],
  'agent/host': ['self', 'shared'],
  'agent/link': [
    'self',
    'shared',
    'agent/paths.ts',
    'agent/runtime/driver.ts',
    'agent/controller-link.ts',
    'agent/host',
  ],
  'agent/node': [
    'self',
    'shared',
    'agent/paths.ts',
    'agent/runtime/driver.ts',
    'agent/controller-link.ts',
    'agent/host',
  ],
  'agent/volumes': ['self', 'shared', 'agent/paths.ts', 'agent/host'],
  'agent/probes': ['self', 'shared', 'agent/runtime/driver.ts'],
  'agent/logs': ['self', 'shared', 'agent/paths.ts', 'agent/runtime/driver.ts', 'agent/controller-link.ts'],
  'agent/metrics': ['self', 'shared', 'agent/paths.ts', 'agent/runtime/driver.ts', 'agent/controller-link.ts'],
  'agent/pods': [
    'self',
    'shared',
    'agent/paths.ts',
    'agent/runtime/driver.ts',
    'agent/images/image-service.ts',
    'agent/volumes/volumes.ts',
    'agent/probes/prober.ts',
    'agent/controller-link.ts',
  ],
  agent: ['agent', 'shared'],
  cli: [
    'cli',
    'shared',
    'agent/images',
    'agent/host',
    'agent/paths.ts',
    'agent/runtime/driver.ts',
    'agent/runtime/oci/destroy.ts',
  ],
};

interface SourceFile {
  path: string;
  lines: number;
  imports: string[];
}

function sources(): SourceFile[] {
  return ['shared', 'controller', 'agent', 'cli']
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    )
    .filter((path) => path.endsWith('.ts') && !path.includes('generated/'))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const specifiers = [...text.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g)].map((match) => match[1] ?? '');
      const imports = specifiers.map((to) => normalize(join(dirname(path), to)));
      return { path, lines: text.split('\n').length - 1, imports };
    });
}

function isAllowed(from: string, to: string): boolean {
  const row = Object.keys(mayImport)
    .filter((folder) => from.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];
  if (row === undefined) return false;
  return (mayImport[row] ?? []).some((entry) => {
    const target = entry === 'self' ? row : entry;
    return target.endsWith('.ts') ? to === target : to.startsWith(`${target}/`);
  });
}

function findCycle(files: SourceFile[]): string[] {
  const graph = new Map(files.map(({ path, imports }) => [path, imports]));
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const path of graph.keys()) {
    const cycle = visit(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

describe('architecture', () => {
  const files = sources();

  it('lets a folder import only what its row allows', () => {
    const wrong = files.flatMap(({ path, imports }) =>
      imports.filter((to) => !isAllowed(path, to)).map((to) => `${path} imports ${to}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('has no import cycle', () => {
    assert.deepEqual(findCycle(files), []);
  });

  it('keeps every file at 300 lines or fewer', () => {
    assert.deepEqual(
      files.filter(({ lines }) => lines > 300).map(({ path, lines }) => `${path}: ${lines}`),
      [],
    );
  });

  it('imports NATS and child processes only where they have their home', () => {
    const homes: [RegExp, RegExp][] = [
      [/from 'nats'/, /\/nats-[a-z-]+\.ts$/],
      [/from 'node:child_process'/, /^(agent\/host\/|agent\/runtime\/|controller\/nodes\/nats-|cli\/)/],
    ];
    const wrong = files.flatMap(({ path }) => {
      const text = readFileSync(join(root, path), 'utf8');
      return homes
        .filter(([what, home]) => what.test(text) && !home.test(path))
        .map(([what]) => `${path}: ${what.source}`);
    });
    assert.deepEqual(wrong, []);
  });
});
