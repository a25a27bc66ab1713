import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Kubectl } from '../api/kubectl.ts';
import { until } from '../support/until.ts';
import { type Cluster, isReady } from './cluster.ts';
import { shellPod } from './shell-pods.ts';
import { openToolsCluster } from './tools-cluster.ts';

const server = [
  'mkdir -p /www/deep /www/cgi-bin; echo hello from inside > /www/index.html; echo deeper > /www/deep/index.html',
  "printf '#!/bin/sh\\necho Content-Type: text/plain\\necho\\necho $REQUEST_METHOD $QUERY_STRING; cat\\n' > /www/cgi-bin/echo",
  'chmod +x /www/cgi-bin/echo',
  'exec httpd -f -p 8080 -h /www',
].join('\n');

describe('the API proxy', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;
  let proxy: ChildProcess;
  let url: string;

  before(async function () {
    ({ cluster, kubectl } = await openToolsCluster(this));
    await cluster.create(shellPod('web', server, {}, { ports: [{ name: 'http', containerPort: 8080 }] }));
    await cluster.untilPod('web', 'is ready', isReady);
    await kubectl.ok('expose pod web --port=80 --target-port=http');
    const started = kubectl.start(['proxy', '--port=0']);
    proxy = started;
    let said = '';
    started.stdout.on('data', (text: Buffer) => (said += text.toString()));
    await until(() => /127\.0\.0\.1:\d+/.test(said), 'kubectl proxy listens');
    url = `http://${/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? ''}/api/v1/namespaces/default`;
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });
  after(async () => {
    proxy?.kill('SIGKILL');
    await cluster?.destroy();
  });

  it('reads from a pod and from a ready pod of a service', async () => {
    const root = '/api/v1/namespaces/default';
    await until(
      async () => (await kubectl.run(['get', '--raw', `${root}/pods/web:8080/proxy/`])).code === 0,
      'the server listens',
    );
    for (const path of [
      'pods/web/proxy/',
      'pods/web:http/proxy/',
      'pods/http:web:8080/proxy/',
      'services/web:80/proxy/',
    ]) {
      assert.equal(await kubectl.ok(`get --raw ${root}/${path}`), 'hello from inside', path);
    }
    assert.equal(await kubectl.ok(`get --raw ${root}/services/web/proxy/deep/index.html`), 'deeper');
  });

  it('carries methods, queries and bodies through kubectl proxy', async () => {
    const answer = await fetch(`${url}/pods/web:8080/proxy/cgi-bin/echo?a=1&b=%2F`, { method: 'POST', body: 'sent' });
    assert.deepEqual([answer.status, await answer.text()], [200, 'POST a=1&b=%2F\nsent']);
    const big = randomBytes(3_000_000).toString('hex');
    const echoed = await fetch(`${url}/pods/web:8080/proxy/cgi-bin/echo`, { method: 'POST', body: big });
    assert.ok((await echoed.text()) === `POST\n${big}`);
    const moved = await fetch(`${url}/pods/web:8080/proxy/deep`, { redirect: 'manual' });
    assert.match(
      moved.headers.get('location') ?? '',
      /^\/api\/v1\/namespaces\/default\/pods\/web(:|%3A)8080\/proxy\/deep\/$/,
    );
  });

  it('says when nobody answers', async () => {
    const { status, statusText } = await fetch(`${url}/pods/web:9999/proxy/`);
    assert.equal(status, 503, statusText);
    assert.match(
      await kubectl.fails('get --raw /api/v1/namespaces/default/pods/web:9999/proxy/'),
      /ServiceUnavailable/,
    );
    assert.equal((await fetch(`${url}/services/nope/proxy/`)).status, 404);
    assert.equal(await kubectl.ok('get --raw /api/v1/nodes/node-1/proxy/healthz'), 'ok');
  });

  it('leaves cluster-info dump all it asks for', async () => {
    const dump = await kubectl.ok('cluster-info dump -A');
    assert.match(dump, /"kind": "PodList"/);
    assert.match(dump, /==== START logs for container main of pod default\/web ====/);
  });
});
