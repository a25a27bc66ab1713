import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { networkInterfaces } from 'node:os';
import { isLocalAddress } from '../../../agent/images/local-addresses.ts';
import type { RegistrySettings } from '../../../agent/images/registry-settings.ts';
import { aLayer, BadRegistry } from './bad-registry.ts';
import { aStore, type TestStore } from './sample-images.ts';

const files = [{ name: 'file', content: randomBytes(50_000) }];

/** An address of this machine by which a registry counts as one elsewhere; packets to it do not leave the machine. */
function findOwnAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ family, internal, address }) => family === 'IPv4' && !internal && !isLocalAddress(address))
    ?.address;
}

describe('where a registry may lead', () => {
  let registry: BadRegistry;
  /** What a node has on its loopback. */
  let service: BadRegistry;
  let test: TestStore;
  let path = '';

  async function open(address: string): Promise<void> {
    registry = await new BadRegistry().start(address);
    service = await new BadRegistry().start();
    const [layer = ''] = registry.serveImage('app', '1', [aLayer(files)]).layers;
    path = `/v2/app/blobs/${layer}`;
    service.serve('/elsewhere', registry.body(path));
    const settings: RegistrySettings = { mirrors: [], plainHttp: true, skipVerify: false };
    test = await aStore({ registries: new Map([[registry.host, settings]]) });
  }

  afterEach(async () => {
    await test?.close();
    await registry?.close();
    await service?.close();
  });

  const pull = (): Promise<unknown> => test.store.pull(`${registry.host}/app:1`);

  function redirect(location: string): void {
    registry.misbehave = (request, response) => {
      if (request.url !== path) return false;
      response.writeHead(307, { location }).end();
      return true;
    };
  }

  function nameTokenService(realm: string): void {
    const challenge = (response: ServerResponse): boolean => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
      return true;
    };
    registry.misbehave = (request, response) =>
      request.headers.authorization === undefined ? challenge(response) : false;
  }

  it('not to this machine or its link, when it is elsewhere: by address or by name, for blobs and for tokens', async function () {
    const address = findOwnAddress();
    if (address === undefined) this.skip(); // this machine has nothing but loopback
    await open(address);
    const port = new URL(`http://${service.host}`).port;
    const hosts = ['127.0.0.1', '127.1.2.3', '2130706433', '0.0.0.0', 'localhost', '[::1]', '[::ffff:127.0.0.1]'];
    for (const host of [...hosts, '169.254.169.254', '[fe80::1]']) {
      const url = `http://${host}:${port}/elsewhere`;
      redirect(url);
      await assert.rejects(pull(), /leads to \S+: an address of this machine or of its link/, url);
      nameTokenService(url);
      await assert.rejects(pull(), /leads to \S+: an address of this machine or of its link/, `token of ${url}`);
    }
    assert.deepEqual(service.seen, []);
    registry.misbehave = () => false;
    await pull();
  });

  for (const host of ['127.0.0.1', 'localhost']) {
    it(`to this machine when it is there itself: ${host}`, async () => {
      await open('127.0.0.1');
      redirect(`http://${host}:${new URL(`http://${service.host}`).port}/elsewhere`);
      await pull();
      assert.equal(service.seen.length, 1);
    });
  }
});
