import assert from 'node:assert/strict';
import { Agent, request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { ApiHarness, readText, type Json } from '../api/harness.ts';
import { configMapManifest } from '../api/manifests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const discovery = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

describe('contract: endpoints that are no resources', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  it('speaks of a release of Kubernetes', async () => {
    const { json } = await api.call('GET', '/version');
    assert.match(json.gitVersion, /^v1\.32\.\d+\+berth\.\d+$/);
    assert.match(`${json.major} ${json.minor}`, /^\d+ \d+$/);
    const fields = ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler'];
    for (const field of [...fields, 'platform']) assert.equal(typeof json[field], 'string', field);
  });

  it('goes by the paths of generated clients, which end with a slash', async () => {
    for (const path of ['/version', '/.well-known/openid-configuration', '/openid/v1/jwks', '/apis/batch']) {
      const [plain, slashed] = [await api.call('GET', path), await api.call('GET', `${path}/`)];
      assert.deepEqual([slashed.code, slashed.json], [200, plain.json], path);
    }
    assert.equal((await api.call('DELETE', `${maps}/`)).code, 404, 'a name that was left out is not all objects');
  });

  for (const path of ['/healthz', '/livez', '/readyz', '/readyz?verbose'])
    it(`is well at ${path}`, async () => {
      const { code, text, headers } = await api.call('GET', path);
      assert.equal(code, 200);
      assert.match(headers['content-type'] ?? '', /^text\/plain/);
      assert.match(text, /ok/);
      assert.deepEqual((await api.call('HEAD', path)).code, 200);
    });

  it('says what it has looked at, and how it ended, to who asks for more', async () => {
    const { text } = await api.call('GET', '/readyz?verbose');
    assert.equal(text, '[+]ping ok\nreadyz check passed\n');
  });

  it('answers each of its checks alone, and leaves out those that it is asked to', async () => {
    const excluded = '[+]ping excluded: ok\n';
    const unknown = 'warn: some health checks cannot be excluded: no matches for "etcd"\n';
    for (const name of ['healthz', 'livez', 'readyz']) {
      const rest = name === 'livez' ? '[+]event-loop ok\n' : '';
      const passed = `${name} check passed\n`;
      const answers: [string, string][] = [
        [`/${name}/ping`, 'ok'],
        [`/${name}?exclude=ping`, 'ok'],
        [`/${name}?verbose&exclude=ping`, excluded + rest + passed],
        [`/${name}?verbose&exclude=etcd`, `[+]ping ok\n${rest}${unknown}${passed}`],
      ];
      for (const [path, wanted] of answers) {
        const { code, text } = await api.call('GET', path);
        assert.deepEqual([code, text], [200, wanted], path);
      }
      for (const path of [`/${name}/etcd`, `/${name}/ping/more`])
        assert.equal((await api.call('GET', path)).code, 404, path);
    }
    assert.equal((await api.call('GET', '/livez/event-loop')).text, 'ok');
  });

  const lists: [string, string][] = [
    ['/api/v1', 'APIResourceList'],
    ['/apis/apps', 'APIGroup'],
    ['/apis/apps/v1', 'APIResourceList'],
    ['/api', 'APIVersions'],
    ['/apis', 'APIGroupList'],
    ['/apis/', 'APIGroupList'],
    ['/api/v1/', 'APIResourceList'],
  ];
  for (const [path, kind] of lists)
    it(`answers an ${kind} at ${path}, whatever its clients can read besides`, async () => {
      for (const accept of ['application/json', '*/*', `${discovery.replace('v2', 'v9')},application/json`]) {
        const { code, json } = await api.call('GET', path, { headers: { accept } });
        assert.deepEqual([code, json?.kind], [200, kind], accept);
      }
    });

  it('has an OpenAPI document for each group version, kept by its hash', async () => {
    const { json } = await api.call('GET', '/openapi/v3');
    for (const path of ['api/v1', 'apis/apps/v1', 'apis/batch/v1']) {
      const url = json.paths[path].serverRelativeURL as string;
      assert.match(url, new RegExp(`^/openapi/v3/${path}\\?hash=[0-9A-F]+$`));
      const { code, headers } = await api.call('GET', url);
      assert.equal(code, 200);
      assert.equal(headers['cache-control'], 'public, immutable');
      assert.ok(headers.etag && headers.expires);
    }
  });

  for (const path of ['/nothing', '/api/v2', '/api/v1/gadgets', '/apis/nobody/v1', '/apis/apps/v9/deployments'])
    it(`answers a page not found for ${path}`, async () => {
      const { code, text } = await api.call('GET', path);
      assert.deepEqual([code, text], [404, '404 page not found\n']);
    });

  it('answers a Status for an object that is not there', async () => {
    const { code, json } = await api.call('GET', `${maps}/none`);
    assert.deepEqual([code, json.kind, json.reason], [404, 'Status', 'NotFound']);
  });

  const posts = ['/api', '/apis', '/api/v1', '/apis/apps', '/apis/apps/v1', '/openapi/v2', '/version', '/healthz'];
  for (const path of posts)
    it(`lets ${path} be read alone, and says so`, async () => {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const { code, json, headers } = await api.call(method, path);
        assert.deepEqual([code, json.reason], [405, 'MethodNotAllowed'], method);
        assert.match(headers.allow ?? '', /^GET\b/);
      }
    });

  it('takes a bearer token, and a certificate as CN and O', async () => {
    assert.equal((await api.call('GET', '/api/v1/nodes')).code, 200);
    const { certificate, privateKey } = await api.pki.issueClientCertificate('ann', ['system:masters']);
    const agent = new Agent({ ca: api.pki.authority, cert: certificate, key: privateKey });
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const request = httpsRequest({ host: '127.0.0.1', port: api.port, method: 'POST', path, agent });
    request.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }));
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const { username, groups } = (JSON.parse(await readText(answer)) as Json).status.userInfo;
    agent.destroy();
    assert.equal(username, 'ann');
    assert.ok(groups.includes('system:masters'));
  });

  it('needs no more than HTTP/1.1', async () => {
    const agent = new Agent({ ca: api.pki.authority, ALPNProtocols: ['h2', 'http/1.1'] });
    const request = httpsRequest({ host: '127.0.0.1', port: api.port, path: '/healthz', agent });
    request.end();
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    assert.deepEqual([answer.httpVersion, await readText(answer)], ['1.1', 'ok']);
    agent.destroy();
  });

  it('takes no notice of what kubectl says of itself', async () => {
    const headers = { 'kubectl-command': 'kubectl get', 'kubectl-session': 'a-b-c', 'accept-encoding': 'gzip' };
    assert.equal((await api.call('GET', maps, { headers })).code, 200);
  });

  describe('large answers', () => {
    before(async () => {
      const body = configMapManifest('big', { big: 'x'.repeat(200_000) });
      assert.equal((await api.call('POST', maps, { body })).code, 201);
    });

    const fetch = async (path: string, encoding?: string): Promise<IncomingMessage> => {
      const headers = { authorization: `Bearer ${api.token}`, ...(encoding && { 'accept-encoding': encoding }) };
      return api.open({ path, headers });
    };

    for (const path of [maps, `${maps}/big`, '/openapi/v3/api/v1', '/openapi/v2'])
      it(`comes compressed to who can read it: ${path}`, async () => {
        const answer = await fetch(path, 'gzip');
        assert.equal(answer.headers['content-encoding'], 'gzip');
        assert.match(answer.headers.vary ?? '', /Accept-Encoding/);
        const chunks: Uint8Array[] = [];
        for await (const chunk of answer) chunks.push(chunk as Uint8Array);
        const plain = await fetch(path);
        assert.equal(plain.headers['content-encoding'], undefined);
        assert.equal(gunzipSync(Buffer.concat(chunks)).toString(), await readText(plain));
      });

    it('comes plain when it is small', async () => {
      const answer = await fetch('/api/v1/namespaces', 'gzip');
      assert.equal(answer.headers['content-encoding'], undefined);
      await readText(answer);
    });
  });

  it('fails /livez, and no other, while the main thread was busy with one thing for long', async () => {
    let delayMs = 4_000;
    const busy = await ApiHarness.start({ delayMs: () => delayMs });
    try {
      assert.equal((await busy.call('GET', '/livez')).code, 200);
      delayMs = 6_000;
      const { code, text } = await busy.call('GET', '/livez');
      assert.deepEqual([code, /\[-\]event-loop failed: .* for 6 s/.test(text)], [500, true], text);
      assert.equal((await busy.call('GET', '/livez/event-loop')).code, 500);
      assert.equal((await busy.call('GET', '/livez?exclude=event-loop')).code, 200);
      assert.equal((await busy.call('GET', '/readyz')).code, 200);
    } finally {
      await busy.stop();
    }
  });
});
