/**
 * Writes to the state file named on its command line until it is killed; prints each key that was acknowledged.
 * Without the name of a run it only opens and closes the file.
 */
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';

const [path = '', run = ''] = process.argv.slice(2);
const store = await openSqliteStore(path);
await store.load();

async function write(writer: number): Promise<void> {
  for (let serial = 0; ; serial += 1) {
    const name = `${run}-${writer}-${serial}`;
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text: 'x'.repeat(500) } };
    const version = await store.create({ resource: 'configmaps', namespace: 'default', name }, object);
    process.stdout.write(`${name} ${version}\n`);
  }
}

if (run === '') await store.close();
else await Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer)));
