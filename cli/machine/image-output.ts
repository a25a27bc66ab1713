import type { ImageRecord, PullProgress } from '../../agent/images/image-service.ts';
import { formatColumns, printValue } from '../print/output.ts';

/** Prints images as `-o table|json|yaml` asks. */
export function printImages(images: readonly ImageRecord[], format: string): void {
  if (format !== 'table') {
    printValue(images, format);
    return;
  }
  const rows = images.flatMap(({ id, references, sizeBytes, createdAt }) =>
    references.map((name) => {
      const colon = name.includes('@') ? name.indexOf('@') : name.lastIndexOf(':');
      const created = createdAt === 0 ? '<none>' : new Date(createdAt).toISOString().slice(0, 19);
      return [
        name.slice(0, colon),
        name.slice(colon + 1, colon + 20),
        id.slice(7, 19),
        created,
        readableBytes(sizeBytes),
      ];
    }),
  );
  process.stdout.write(formatColumns([['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], ...rows]));
}

function readableBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${value >= 100 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? ''}`;
}

/** One line that tells how far it is, on a terminal only; a line end when it is done. */
export function showProgress({ reference, doneBytes, totalBytes }: PullProgress): void {
  if (!process.stderr.isTTY) return;
  const end = doneBytes >= totalBytes ? '\n' : '';
  process.stderr.write(`\r\x1b[K${reference}: ${readableBytes(doneBytes)} of ${readableBytes(totalBytes)}${end}`);
}
