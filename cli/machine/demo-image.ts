import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';

/** A root file system with BusyBox and nothing else, as a tar file; the caller removes `directory`. */
export function makeRootfs(busybox: string): { directory: string; tar: string } {
  const directory = mkdtempSync(join(tmpdir(), 'berth-demo-'));
  try {
    const root = join(directory, 'root');
    for (const folder of ['bin', 'etc', 'tmp', 'www']) mkdirSync(join(root, folder), { recursive: true });
    copyFileSync(busybox, join(root, 'bin/busybox'));
    const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n');
    for (const applet of applets) {
      if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
    }
    const tar = join(directory, 'rootfs.tar');
    execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '--mtime=@0', '--sort=name', '-cf', tar, '.']);
    return { directory, tar };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}
