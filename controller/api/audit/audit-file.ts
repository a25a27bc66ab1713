import { write } from 'node:fs';
import { constants, open, rename, type FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { SettingsError } from '../../../shared/settings.ts';
import { AuditWriter, type AuditOutput, type AuditWriterDeps } from './audit-writer.ts';

export interface Rotation {
  /** A file that would grow beyond it is set aside. */
  maxBytes: number;
  /** The file itself and those set aside; the oldest is removed for a new one. */
  maxFiles: number;
}

const rotation: Rotation = { maxBytes: 100 * 1024 ** 2, maxFiles: 10 };
/** Neither waits for a reader of a pipe nor follows a link that somebody else has put there. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Appends to a file that only its owner may read; older parts of it lie beside it as `FILE.1`, `FILE.2` … */
export class AuditFile implements AuditOutput {
  readonly #path: string;
  readonly #rotation: Rotation;
  #file: FileHandle | undefined;
  #bytes = 0;
  /** Part of a line is at the end of the file and could not be taken away. */
  #isTorn = false;

  private constructor(path: string, limits: Rotation) {
    this.#path = path;
    this.#rotation = limits;
  }

  /** Throws SettingsError when lines cannot be written there. */
  static async open(path: string, limits = rotation): Promise<AuditFile> {
    const file = new AuditFile(path, limits);
    try {
      await file.#opened();
    } catch (error) {
      throw new SettingsError('audit-log', `cannot write ${path}: ${(error as Error).message}`);
    }
    return file;
  }

  async append(lines: string): Promise<void> {
    await this.#opened();
    if (this.#bytes > 0 && this.#bytes + Buffer.byteLength(lines) > this.#rotation.maxBytes) await this.#rotate();
    const file = await this.#opened();
    const bytes = Buffer.from(this.#isTorn ? `\n${lines}` : lines);
    try {
      await file.appendFile(bytes);
    } catch (error) {
      this.#isTorn = await file.truncate(this.#bytes).then(
        () => this.#isTorn,
        () => true,
      );
      throw error;
    }
    this.#isTorn = false;
    this.#bytes += bytes.byteLength;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #opened(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file;
    const file = await open(this.#path, flags, 0o600);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw new Error('it is no regular file; - is the standard output');
      await file.chmod(0o600);
      this.#bytes = stats.size;
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    return file;
  }

  async #rotate(): Promise<void> {
    await this.close();
    const part = (index: number): string => (index === 0 ? this.#path : `${this.#path}.${index}`);
    for (let index = this.#rotation.maxFiles - 1; index > 0; index -= 1) {
      await rename(part(index - 1), part(index)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    this.#isTorn = false;
  }
}

const writeTo = promisify(write);

/** Appends to the standard output; never by `process.stdout`, which stops the program while nobody reads a pipe. */
export class AuditStandardOutput implements AuditOutput {
  readonly #descriptor: number;
  #isTorn = false;

  constructor(descriptor = 1) {
    this.#descriptor = descriptor;
  }

  async append(lines: string): Promise<void> {
    const bytes = Buffer.from(this.#isTorn ? `\n${lines}` : lines);
    for (let sent = 0; sent < bytes.byteLength;) {
      sent += (await writeTo(this.#descriptor, bytes, sent)).bytesWritten;
      this.#isTorn = sent < bytes.byteLength;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The audit log that `--audit-log` asks for: '' none, `-` the standard output, else a file. Throws SettingsError. */
export async function openAudit(
  where: string,
  deps: Omit<AuditWriterDeps, 'output'>,
): Promise<AuditWriter | undefined> {
  if (where === '') return undefined;
  const output = where === '-' ? new AuditStandardOutput() : await AuditFile.open(resolve(where));
  return new AuditWriter({ ...deps, output });
}
