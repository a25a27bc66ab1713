import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHostDns } from '../../../agent/pods/host-dns.ts';

describe('readHostDns', () => {
  it('looks behind a resolver on the loopback', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'berth-dns-'));
    const [own, other] = [join(directory, 'own'), join(directory, 'other')];
    await writeFile(own, 'nameserver 127.0.0.53\nsearch own\n');
    await writeFile(other, '# real\nnameserver 192.0.2.53\nsearch a b\noptions edns0 trust-ad\n');
    const wanted = { servers: ['192.0.2.53'], searches: ['a', 'b'], options: ['edns0', 'trust-ad'] };
    assert.deepEqual(await readHostDns(own, [other]), wanted);
    assert.deepEqual((await readHostDns(own, [])).servers, []);
    await rm(directory, { recursive: true });
  });
});
