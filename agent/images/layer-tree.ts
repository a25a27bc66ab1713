import { LayerError, shownName } from './tar-header.ts';

const maxPathBytes = 4096;
const maxComponentBytes = 255;
const maxLinksFollowed = 40;
/** What is remembered of one layer's directories and symlinks, in bytes of names. */
const maxRememberedBytes = 64 * 1024 * 1024;

interface Directory {
  /** Mode, owner and times as in its header; undefined while only its content was seen. */
  owner: string | undefined;
  records: ReadonlyMap<string, string>;
}

/**
 * What one layer holds so far, as far as later entries depend on it: symlinks, since names below them are meant for
 * where they point, and directories, since they may turn out to be opaque. All names it gives out are below the root
 * and pass through no symlink of the layer.
 */
export class LayerTree {
  readonly #symlinks = new Map<string, string>();
  readonly #directories = new Map<string, Directory>();
  readonly #whiteouts = new Set<string>();
  #remembered = 0;

  /** The place of an entry below the root, '' for the root itself. Throws LayerError for a name that is not allowed. */
  place(name: string): string {
    if (name.includes('\0')) throw new LayerError(`the name ${shownName(name)} holds a zero byte`);
    const parts = name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw new LayerError(`the name ${shownName(name)} holds ".."`);
    if (parts.some((part) => part.length > maxComponentBytes)) {
      throw new LayerError(`a part of the name ${shownName(name)} is longer than ${maxComponentBytes} bytes`);
    }
    const last = parts.pop();
    if (last === undefined) return '';
    const place = [...this.#resolve(parts, name), last].join('/');
    if (place.length > maxPathBytes) throw new LayerError(`the name ${shownName(name)} is too long`);
    return place;
  }

  /** Follows symlinks of the layer as the kernel would with the layer as its root: `..` ends there. */
  #resolve(parts: readonly string[], name: string): string[] {
    if (this.#symlinks.size === 0) return [...parts];
    const todo = [...parts].reverse();
    let done: string[] = [];
    let followed = 0;
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        done.pop();
        continue;
      }
      const target = this.#symlinks.get([...done, part].join('/'));
      if (target === undefined) {
        done.push(part);
        continue;
      }
      followed += 1;
      if (followed > maxLinksFollowed) throw new LayerError(`the name ${shownName(name)} leads through too many links`);
      if (target.startsWith('/')) done = [];
      todo.push(...target.split('/').reverse());
    }
    return done;
  }

  noteSymlink(place: string, target: string): void {
    this.forget(place);
    this.#remember(place.length + target.length);
    this.#symlinks.set(place, target);
  }

  noteDirectory(place: string, directory: Directory): void {
    this.#symlinks.delete(place);
    this.#remember(place.length + (directory.owner?.length ?? 0));
    this.#directories.set(place, directory);
  }

  noteWhiteout(place: string): void {
    this.forget(place);
    this.#remember(place.length);
    this.#whiteouts.add(place);
  }

  isWhiteout(place: string): boolean {
    return this.#whiteouts.has(place);
  }

  /** Something else is there now. */
  forget(place: string): void {
    this.#symlinks.delete(place);
    this.#directories.delete(place);
  }

  directory(place: string): Directory | undefined {
    return this.#directories.get(place);
  }

  #remember(bytes: number): void {
    this.#remembered += bytes;
    if (this.#remembered > maxRememberedBytes) throw new LayerError('its directories and links are too many');
  }
}
