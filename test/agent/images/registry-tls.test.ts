import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RegistrySettings } from '../../../agent/images/registry-settings.ts';
import { aLayer, BadRegistry } from './bad-registry.ts';
import { aStore } from './sample-images.ts';

describe('registries with TLS', () => {
  let folder = '';
  let content: BadRegistry;
  let server: Server;
  let host = '';
  let ca = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-tls-'));
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    const subject = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    ca = await readFile(cert, 'utf8');
    content = await new BadRegistry().start();
    content.serveImage('app', '1', [aLayer([{ name: 'file' }])]);
    server = createServer({ key: await readFile(key), cert: ca }, (incoming, response) => {
      const body = content.body(incoming.url ?? '');
      const type =
        incoming.url?.includes('/manifests/') === true ? 'application/vnd.oci.image.manifest.v1+json' : 'x/y';
      response.writeHead(body.length > 0 ? 200 : 404, { 'content-type': type }).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  });

  after(async () => {
    server.closeAllConnections();
    server.close();
    await content.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function pull(settings: Partial<RegistrySettings>): Promise<string> {
    const whole = { mirrors: [], skipVerify: false, plainHttp: false, ...settings };
    const { store, close } = await aStore({ registries: new Map([[host, whole]]) });
    try {
      return (await store.pull(`${host}/app:1`)).id;
    } finally {
      await close();
    }
  }

  it('are not trusted without knowing who signed for them', async () => {
    await assert.rejects(pull({}), /signed by an unknown authority: name the CA in registries\.yaml/);
  });

  it('are trusted by a CA in the settings, or without asking when told so', async () => {
    const id = await pull({ ca });
    assert.equal(await pull({ skipVerify: true }), id);
  });
});
