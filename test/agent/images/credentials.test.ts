import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { parseDockerConfig } from '../../../agent/images/docker-config.ts';
import { pushImage } from '../../../agent/images/push.ts';
import { parseChallenges } from '../../../agent/images/registry-auth.ts';
import type { RegistrySettings } from '../../../agent/images/registry-settings.ts';
import { aLayer, BadRegistry } from './bad-registry.ts';
import { needsRegistry, startRegistry } from './real-registry.ts';
import { aStore, busyboxFiles, type TestStore } from './sample-images.ts';
import { importRootfs } from '../../../agent/images/import.ts';
import { makeTar } from './tar-builder.ts';

const files = [{ name: 'file', content: randomBytes(50_000) }];
const password = 'correct horse';
const basic = `Basic ${Buffer.from(`robot:${password}`).toString('base64')}`;

describe('credentials for registries', () => {
  let registry: BadRegistry;
  let other: BadRegistry;
  let test: TestStore;
  let name = '';
  const credentials = (): { registry: string; username: string; password: string }[] => [
    { registry: registry.host, username: 'robot', password },
  ];

  beforeEach(async () => {
    registry = await new BadRegistry().start();
    other = await new BadRegistry().start();
    test = await aStore();
    name = `${registry.host}/app:1`;
    registry.serveImage('app', '1', [aLayer(files)]);
  });

  afterEach(async () => {
    await test.close();
    await registry.close();
    await other.close();
  });

  function challenge(response: ServerResponse, header: string): boolean {
    response.writeHead(401, { 'www-authenticate': header }).end();
    return true;
  }

  /** A token service at `other`, and a registry that wants its tokens. */
  function wantTokens(isGood: (token: string) => boolean): string[] {
    const given: string[] = [];
    other.misbehave = (request, response) => {
      const token = `token-${given.length}`;
      given.push(`${request.url ?? ''} ${request.headers.authorization ?? '-'}`);
      response.end(JSON.stringify({ token, expires_in: 300 }));
      return true;
    };
    const header = `Bearer realm="http://${other.host}/token",service="the registry",scope="ignored"`;
    registry.misbehave = (request, response) => {
      const sent = request.headers.authorization?.replace('Bearer ', '');
      return sent !== undefined && isGood(sent) ? false : challenge(response, header);
    };
    return given;
  }

  it('sends a password once asked for it, and to nobody else', async () => {
    const [layer = ''] = registry.serveImage('app', '1', [aLayer(files)]).layers;
    const path = `/v2/app/blobs/${layer}`;
    other.serve('/elsewhere', registry.body(path));
    registry.misbehave = (request, response) => {
      if (request.headers.authorization !== basic) return challenge(response, 'Basic realm="r"');
      if (request.url !== path) return false;
      response.writeHead(307, { location: `http://${other.host}/elsewhere?signature=1` }).end();
      return true;
    };
    await assert.rejects(test.store.pull(name), /answered 401/);
    await test.store.pull(name, { credentials: credentials() });
    assert.equal(registry.seen[1]?.authorization, undefined);
    assert.equal(registry.seen.at(-1)?.authorization, basic);
    assert.deepEqual(
      other.seen.map(({ path, authorization }) => [path, authorization]),
      [['/elsewhere', undefined]],
    );
  });

  it('gets a token without a password, and keeps it for all requests of the image', async () => {
    const given = wantTokens(() => true);
    await test.store.pull(name);
    assert.deepEqual(given, ['/token?service=the+registry&scope=repository%3Aapp%3Apull -']);
    assert.ok(registry.seen.slice(1).every(({ authorization }) => authorization === 'Bearer token-0'));
  });

  it('gives the password to the token service, and gets a new token when one is refused in between', async () => {
    let uses = 0;
    const given = wantTokens((token) => token === 'token-1' || (uses += 1) < 2);
    await test.store.pull(name, { credentials: credentials() });
    assert.equal(given.length, 2);
    assert.ok(given.every((line) => line.endsWith(basic)));
  });

  it('gives up when new tokens are refused too, without asking for ever', async () => {
    const given = wantTokens(() => false);
    await assert.rejects(test.store.pull(name, { credentials: credentials() }), /answered 401/);
    assert.equal(given.length, 1);
    other.misbehave = (_request, response) => {
      response.writeHead(403).end();
      return true;
    };
    await assert.rejects(test.store.pull(name, { credentials: credentials() }), (error) => {
      assert.match(String(error), /get a token for repository:app:pull: registry \S+ answered 403/);
      assert.ok(!String(error).includes(password) && !String(error).includes(basic));
      return true;
    });
  });

  it('tries all credentials that fit, and follows no endless redirects', async () => {
    registry.misbehave = (request, response) =>
      request.headers.authorization === basic ? false : challenge(response, 'Basic realm="r"');
    const wrong = { registry: registry.host, username: 'robot', password: 'wrong' };
    await test.store.pull(name, { credentials: [wrong, ...credentials()] });
    registry.misbehave = (request, response) => {
      response.writeHead(302, { location: request.url }).end();
      return true;
    };
    await test.store.remove(name);
    await assert.rejects(test.store.pull(name), /redirects more than 5 times/);
    registry.misbehave = (_request, response) => {
      response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      return true;
    };
    await assert.rejects(test.store.pull(name), /not a web address/);
  });

  it('tries those of the caller before those of the settings, and none before it is asked for some', async () => {
    const settings: RegistrySettings = { mirrors: [], skipVerify: false, username: 'robot', password };
    const withSettings = await aStore({ registries: new Map([[registry.host, settings]]) });
    registry.misbehave = (request, response) =>
      request.headers.authorization === basic ? false : challenge(response, 'Basic realm="r"');
    const wrong = { registry: registry.host, username: 'robot', password: 'wrong' };
    await withSettings.store.pull(name, { credentials: [wrong] });
    const wrongBasic = `Basic ${Buffer.from('robot:wrong').toString('base64')}`;
    const sent = registry.seen.map(({ authorization }) => authorization);
    assert.deepEqual(sent.slice(0, 4), [undefined, wrongBasic, undefined, basic]);
    await withSettings.close();
  });

  it('asks mirrors first and the registry when they have nothing', async () => {
    const settings: RegistrySettings = { mirrors: [`http://${other.host}/prefix`], skipVerify: false };
    const mirrored = await aStore({ registries: new Map([[registry.host, settings]]) });
    await mirrored.store.pull(name, { credentials: credentials() });
    assert.ok(other.seen.length > 0 && other.seen.every(({ path }) => path.startsWith('/prefix/v2/app/')));
    assert.ok(other.seen.every(({ authorization }) => authorization === undefined));
    await mirrored.close();
  });

  it('pulls from and pushes to a real registry with a password', async function () {
    needsRegistry(this);
    const real = await startRegistry({ withPassword: true });
    try {
      const reference = `${real.host}/team/app:1`;
      const given = { credentials: [{ registry: real.host, username: 'robot', password: 'secret' }] };
      const { store } = test;
      const tar = [makeTar(await busyboxFiles())];
      const image = await importRootfs(store, toStream(tar), { reference });
      await assert.rejects(pushImage(store, reference), /answered 401/);
      await pushImage(store, reference, given);
      await store.remove(reference);
      await assert.rejects(store.pull(reference), /answered 401/);
      assert.equal((await store.pull(reference, given)).id, image.id);
    } finally {
      await real.close();
    }
  });

  it('reads challenges and Docker configs', () => {
    const [first, second] = parseChallenges(
      'Basic realm="a, b=\\"c\\"", Bearer realm=https://x/y,service="s",scope=""',
    );
    assert.deepEqual([first?.scheme, first?.parameters.get('realm')], ['basic', 'a, b="c"']);
    assert.deepEqual([second?.scheme, second?.parameters.get('realm')], ['bearer', 'https://x/y']);
    assert.equal(second?.parameters.get('service'), 's');
    const auth = Buffer.from('me:with:colons').toString('base64');
    const config = {
      auths: { 'https://index.docker.io/v1/': { auth }, 'r.example:5000': { username: 'u', password: 'p' }, x: {} },
    };
    assert.deepEqual(parseDockerConfig(JSON.stringify(config)), [
      { registry: 'docker.io', username: 'me', password: 'with:colons' },
      { registry: 'r.example:5000', username: 'u', password: 'p' },
    ]);
  });
});

async function* toStream(pieces: readonly Buffer[]): AsyncGenerator<Buffer, void> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}
