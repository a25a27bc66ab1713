import { type FileHandle, open } from 'node:fs/promises';
import { parseRecord } from './cri-line.ts';

/** The end of one log file as text: at most so many lines and bytes. '' when there is no such file. */
export async function tailText(path: string, lines: number, bytes: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const records = await lastRecords(file, bytes * 4 + 4096); // times and stream names take their part
    const text = records.map(({ text, isEnd }) => (isEnd ? `${text}\n` : text)).join('');
    const kept = text
      .split('\n')
      .slice(-lines - 1)
      .join('\n');
    const raw = Buffer.from(kept, 'utf8');
    return raw.subarray(Math.max(0, raw.length - bytes)).toString('utf8');
  } finally {
    await file.close();
  }
}

async function lastRecords(file: FileHandle, length: number): Promise<{ text: string; isEnd: boolean }[]> {
  const { size } = await file.stat();
  const start = Math.max(0, size - length);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
  const chunk = buffer.subarray(0, bytesRead);
  const records: { text: string; isEnd: boolean }[] = [];
  let begin = start === 0 ? 0 : chunk.indexOf(0x0a) + 1;
  for (let end = chunk.indexOf(0x0a, begin); end !== -1; end = chunk.indexOf(0x0a, begin)) {
    const record = parseRecord(chunk.subarray(begin, end));
    if (record !== undefined) records.push(record);
    begin = end + 1;
  }
  return records;
}
