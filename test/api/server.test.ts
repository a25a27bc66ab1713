import assert from 'node:assert/strict';
import { Agent, request as httpsRequest } from 'node:https';
import { connect } from 'node:tls';
import { once } from 'node:events';
import type { ExtensionRoute } from '../../controller/api/deps.ts';
import { ApiError } from '../../shared/errors.ts';
import { ApiHarness } from './harness.ts';

const masters = ['system:masters'];

describe('API server', () => {
  let api: ApiHarness;
  const routes: ExtensionRoute[] = [
    { method: 'GET', path: '/berth/v1/status', handler: (_body, { user }) => ({ askedBy: user.name }) },
    { method: 'POST', path: '/berth/v1/tokens', handler: (body) => ({ echoed: body }) },
    { method: 'DELETE', path: '/berth/v1/tokens/:id', handler: (_body, { params }) => ({ revoked: params['id'] }) },
    {
      method: 'POST',
      path: '/berth/v1/join',
      anonymous: true,
      handler: (body) => {
        if ((body as { token?: string } | undefined)?.token !== 'good')
          throw new ApiError('Unauthorized', 'no such token');
        return { joined: true };
      },
    },
  ];
  before(async () => {
    api = await ApiHarness.start({ routes });
  });
  after(() => api.stop());

  describe('authentication', () => {
    it('answers health and version to anybody', async () => {
      for (const path of ['/healthz', '/livez', '/readyz', '/readyz?exclude=etcd']) {
        const { code, text } = await api.call('GET', path, { token: null });
        assert.deepEqual([code, text], [200, 'ok'], path);
      }
      const { json } = await api.call('GET', '/version', { token: null });
      assert.match(json.gitVersion, /^v1\.32\.\d+\+berth\.\d+$/);
      assert.match(json.major + json.minor, /^\d+$/);
    });

    it('answers nothing else without credentials', async () => {
      for (const path of [
        '/',
        '/api',
        '/apis',
        '/api/v1/pods',
        '/openapi/v3',
        '/metrics',
        '/berth/v1/status',
        '/nowhere',
        '/version/x',
      ]) {
        const { code, json } = await api.call('GET', path, { token: null });
        assert.equal(code, 401, path);
        assert.equal(json.kind, 'Status', path);
        assert.equal(json.reason, 'Unauthorized', path);
      }
    });

    it('refuses tokens that are none, however they are written', async () => {
      for (const authorization of [
        'Bearer x',
        'Bearer',
        'Bearer  ',
        'Basic dGVzdC10b2tlbg==',
        'test-token',
        `Bearer ${api.token} x`,
      ]) {
        const { code } = await api.call('GET', '/api', { token: null, headers: { authorization } });
        assert.equal(code, 401, authorization);
      }
    });

    it('lets users without a role do no more than find out what there is', async () => {
      const { code, json } = await api.call('GET', '/api/v1/namespaces/default/pods', { token: 'guest-token' });
      assert.equal(code, 403);
      assert.equal(
        json.message,
        'pods is forbidden: User "guest" cannot list resource "pods" in API group "" in the namespace "default"',
      );
      assert.equal((await api.call('GET', '/api', { token: 'guest-token' })).code, 200);
      assert.equal((await api.call('GET', '/berth/v1/status', { token: 'guest-token' })).code, 403);
    });

    const withCertificate = async (certificate: string, privateKey: string): Promise<number> => {
      const agent = new Agent({ ca: api.pki.authority, cert: certificate, key: privateKey });
      const request = httpsRequest({ host: '127.0.0.1', port: api.port, path: '/api/v1/nodes', agent });
      request.end();
      const [message] = (await once(request, 'response')) as [{ statusCode: number; resume(): void }];
      message.resume();
      agent.destroy();
      return message.statusCode;
    };

    it('recognises client certificates of its own authority, and groups in them', async () => {
      const admin = await api.pki.issueClientCertificate('ann', masters);
      assert.equal(await withCertificate(admin.certificate, admin.privateKey), 200);
      const guest = await api.pki.issueClientCertificate('bob', ['guests']);
      assert.equal(await withCertificate(guest.certificate, guest.privateKey), 403);
    });

    it('takes a certificate of another authority, or a server certificate, for none', async () => {
      const other = await ApiHarness.start();
      const foreign = await other.pki.issueClientCertificate('ann', masters);
      await other.stop();
      assert.equal(await withCertificate(foreign.certificate, foreign.privateKey), 401);
      const server = await api.pki.issueServerCertificate(['host-a']);
      assert.equal(await withCertificate(server.certificate, server.privateKey), 401);
    });

    it('speaks no TLS below 1.2', async () => {
      const socket = connect({ host: '127.0.0.1', port: api.port, ca: api.pki.authority, maxVersion: 'TLSv1.1' });
      await once(socket, 'error');
    });
  });

  describe('discovery', () => {
    const aggregated = (version: string): string =>
      `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

    it('answers the aggregated form with exactly its content type', async () => {
      for (const version of ['v2', 'v2beta1']) {
        for (const path of ['/api', '/apis']) {
          const { headers, json } = await api.call('GET', path, {
            headers: { accept: `${aggregated(version)},application/json` },
          });
          assert.equal(headers['content-type'], aggregated(version));
          assert.equal(json.apiVersion, `apidiscovery.k8s.io/${version}`);
        }
      }
    });

    it('lists resources, short names, categories and subresources', async () => {
      const { json } = await api.call('GET', '/apis', { headers: { accept: aggregated('v2') } });
      const apps = json.items.find((item: { metadata: { name: string } }) => item.metadata.name === 'apps');
      const deployments = apps.versions[0].resources.find(
        (each: { resource: string }) => each.resource === 'deployments',
      );
      assert.deepEqual(deployments.shortNames, ['deploy']);
      assert.deepEqual(deployments.categories, ['all']);
      assert.deepEqual(
        deployments.subresources.map((each: { subresource: string; responseKind: { kind: string } }) => [
          each.subresource,
          each.responseKind.kind,
        ]),
        [
          ['status', 'Deployment'],
          ['scale', 'Scale'],
        ],
      );
    });

    it('answers the legacy form to others', async () => {
      assert.deepEqual((await api.call('GET', '/api')).json.versions, ['v1']);
      assert.ok((await api.call('GET', '/apis')).json.groups.some(({ name }: { name: string }) => name === 'apps'));
      assert.equal((await api.call('GET', '/apis/apps')).json.preferredVersion.groupVersion, 'apps/v1');
      const { resources } = (await api.call('GET', '/api/v1')).json;
      assert.ok(
        resources.some(({ name, kind }: { name: string; kind: string }) => name === 'pods/log' && kind === 'Pod'),
      );
      assert.equal((await api.call('GET', '/apis/nothing.example')).code, 404);
      assert.equal((await api.call('GET', '/apis/apps/v7')).code, 404);
    });

    it('answers 304 to a client that has the document', async () => {
      const first = await api.call('GET', '/apis', { headers: { accept: aggregated('v2') } });
      const headers = { accept: aggregated('v2'), 'if-none-match': first.headers.etag ?? '' };
      const second = await api.call('GET', '/apis', { headers });
      assert.deepEqual([second.code, second.text], [304, '']);
    });

    it('compresses what is large for clients that read it', async () => {
      const message = await api.open({
        path: '/openapi/v3/api/v1',
        headers: { authorization: `Bearer ${api.token}`, 'accept-encoding': 'gzip' },
      });
      message.resume();
      assert.equal(message.headers['content-encoding'], 'gzip');
      assert.equal((await api.call('GET', '/openapi/v3/api/v1')).headers['content-encoding'], undefined);
    });

    it('publishes OpenAPI by hashed addresses that may be kept for ever', async () => {
      const { json } = await api.call('GET', '/openapi/v3');
      const url = json.paths['apis/apps/v1'].serverRelativeURL as string;
      const { headers, json: document } = await api.call('GET', url);
      assert.match(headers['cache-control'] ?? '', /immutable/);
      assert.ok(document.components.schemas['io.k8s.api.apps.v1.Deployment']);
      const stale = await api.call('GET', '/openapi/v3/apis/apps/v1?hash=0000');
      assert.doesNotMatch(stale.headers['cache-control'] ?? '', /immutable/);
    });
  });

  describe('extension routes', () => {
    it('answer JSON to the authenticated', async () => {
      assert.deepEqual((await api.call('GET', '/berth/v1/status')).json, { askedBy: 'admin' });
      assert.deepEqual((await api.call('POST', '/berth/v1/tokens', { body: { uses: 1 } })).json, {
        echoed: { uses: 1 },
      });
      assert.deepEqual((await api.call('DELETE', '/berth/v1/tokens/a%20b')).json, { revoked: 'a b' });
    });

    it('refuse other methods and broken bodies', async () => {
      assert.equal((await api.call('PUT', '/berth/v1/status', { body: {} })).code, 405);
      assert.equal((await api.call('POST', '/berth/v1/tokens', { body: '{' })).code, 400);
    });

    it('may recognise their callers themselves', async () => {
      assert.equal((await api.call('POST', '/berth/v1/join', { token: null, body: { token: 'good' } })).code, 200);
      assert.equal((await api.call('POST', '/berth/v1/join', { token: null, body: { token: 'bad' } })).code, 401);
    });
  });

  it('counts requests by verb, resource and code', async () => {
    await api.call('GET', '/api/v1/namespaces/default/pods/none');
    const text = await api.registry.metrics();
    assert.match(text, /apiserver_request_total\{verb="get",resource="pods",code="404"\} \d/);
    assert.match(text, /apiserver_request_duration_seconds_count\{verb="get",resource="pods"\} \d/);
    assert.match(text, /apiserver_current_inflight_requests 0/);
  });

  it('closes with watches open and connections idle, at once', async () => {
    const other = await ApiHarness.start();
    const path = '/api/v1/pods?watch=true';
    const watch = await other.open({ path, headers: { authorization: `Bearer ${other.token}` } });
    watch.resume();
    const ended = once(watch, 'close');
    const begin = performance.now();
    await other.closeServer();
    assert.ok(performance.now() - begin < 2_000);
    await ended;
    await other.stop();
  });
});
