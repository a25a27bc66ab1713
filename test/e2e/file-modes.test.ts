import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { needsRoot } from '../support/needs.ts';
import { Cluster, isReady } from './cluster.ts';
import { idle, shellPod, toolsImage } from './shell-pods.ts';

/** What anybody but the owner may read, enter or write below a directory; `isSkipped` decides about what others decide about. */
function openToOthers(directory: string, isSkipped: (path: string) => boolean): string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || stats.isSymbolicLink() || isSkipped(relative(directory, path))) return;
    if ((stats.mode & 0o077) !== 0) found.push(`${(stats.mode & 0o7777).toString(8)} ${relative(directory, path)}`);
    if (stats.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
  };
  visit(directory);
  return found;
}

/**
 * What is not Berth's to decide: what pods and images have modes of their own in (layers, snapshots, volumes, termination
 * logs, what a pod is shown as `/etc/hosts` and the like), and what conmon and runc make in folders that are private.
 */
const others = [
  /^agents\/[^/]+\/images\/(?:layers|snapshots)\/[^/]+\/[^/]+$/,
  /^agents\/[^/]+\/pods\/[^/]+\/(?:volumes|termination)\/./,
  /^secrets\/[^/]+\/./,
  /^s\/[^/]+\/(?:hostname|hosts|resolv\.conf|shm|ipc|net|uts)$/,
  /^c\/[^/]+\/(?:conmon\.pid|pidfile|ctl|winsz)$/,
  /^runtimes\/runc\/./,
];
const isOfOthers = (path: string): boolean => others.some((pattern) => pattern.test(path));

describe('files of Berth', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  before(async function () {
    needsRoot(this);
    cluster = await Cluster.create();
  });
  after(() => cluster?.destroy());

  it('are private, whatever the umask of who starts it', async () => {
    const before = process.umask(0);
    try {
      await cluster.up(['--audit-log', join(cluster.directory, 'data/audit.log')]);
    } finally {
      process.umask(before);
    }
    await cluster.importImage(toolsImage);
    await cluster.create(shellPod('one', idle));
    await cluster.untilPod('one', 'was ready', isReady);
    const found = [cluster.dataDir, cluster.paths.run].flatMap((directory) => openToOthers(directory, isOfOthers));
    assert.deepEqual(found, []);
  });
});
