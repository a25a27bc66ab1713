import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import type { AuditSink } from '../../../controller/api/audit/audit-log.ts';
import type { PodExec } from '../../../controller/api/pod-streams.ts';
import { until } from '../../support/until.ts';
import { FakeSession } from '../fake-session.ts';
import { ApiHarness, readText, type Json } from '../harness.ts';
import { createRunningPod } from '../running-pod.ts';

const secrets = '/api/v1/namespaces/default/secrets';
/** Everything a client sends that must be in no line, in the forms it may take. */
const treasure = 'hunter2-treasure';
const hidden = [treasure, Buffer.from(treasure).toString('base64'), 'test-token', 'guest-token', 'query-token'];

describe('audit log', function () {
  this.timeout(30_000);
  let api: ApiHarness;
  let lines: string[];
  let sessions: FakeSession[];
  const audit: AuditSink = { write: (line) => void lines.push(line) };
  const podExec: PodExec = {
    exec: (_pod, _request, signal) => {
      const session = new FakeSession();
      signal.addEventListener('abort', () => void session.close());
      sessions.push(session);
      return Promise.resolve(session);
    },
    attach: () => Promise.reject(new Error('no agent')),
    forward: () => Promise.reject(new Error('no agent')),
  };
  const events = (): Json[] => lines.map((line) => JSON.parse(line) as Json);
  /** The last line, once there are as many as that: an answer is read before its end is written down. */
  const event = async (count = 1): Promise<Json> => {
    await until(() => lines.length >= count, `${count} lines`);
    assert.equal(lines.length, count);
    return events().at(-1);
  };

  before(async () => {
    api = await ApiHarness.start({ audit, podExec });
    lines = [];
    await createRunningPod(api, 'web');
  });
  after(() => api.stop());
  beforeEach(() => {
    lines = [];
    sessions = [];
  });
  afterEach(() => {
    for (const line of lines) for (const text of hidden) assert(!line.includes(text), `${text} in ${line}`);
  });

  it('says who did what to which object, with which outcome', async () => {
    const { headers } = await api.call('GET', '/api/v1/namespaces/default/pods/web/status', {
      headers: { 'user-agent': 'kubectl/v1.32.0' },
    });
    const { requestReceivedTimestamp, stageTimestamp, durationMs, ...rest } = await event();
    assert.match(requestReceivedTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert(stageTimestamp >= requestReceivedTimestamp && durationMs >= 0);
    assert.deepEqual(rest, {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: headers['audit-id'],
      stage: 'ResponseComplete',
      verb: 'get',
      user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
      sourceIPs: ['127.0.0.1'],
      userAgent: 'kubectl/v1.32.0',
      objectRef: { resource: 'pods', namespace: 'default', name: 'web', apiVersion: 'v1', subresource: 'status' },
      responseStatus: { code: 200 },
    });
  });

  it('has one line a write of a Secret, and nothing of what it holds', async () => {
    const secret = (value: string): object => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'db', annotations: { note: value } },
      stringData: { password: value },
    });
    await api.call('POST', `${secrets}?dryRun=All&fieldManager=${treasure}`, { body: secret(treasure) });
    await api.call('POST', secrets, { body: secret(treasure) });
    await api.call('POST', secrets, { body: secret(treasure) });
    await api.call('PUT', `${secrets}/db`, { body: { ...secret(treasure), type: treasure } });
    await api.call('PUT', `${secrets}/db`, { body: secret(treasure) });
    await api.call('PATCH', `${secrets}/db`, {
      body: { data: { password: treasure } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    await api.call('GET', `${secrets}?labelSelector=a%3D${treasure}&token=query-token`);
    await api.call('DELETE', `${secrets}/db`);
    await event(8);
    assert.deepEqual(
      events().map(({ verb, objectRef, responseStatus, dryRun }) => [
        verb,
        objectRef.name,
        responseStatus.code,
        responseStatus.reason,
        dryRun,
      ]),
      [
        ['create', 'db', 201, undefined, true],
        ['create', 'db', 201, undefined, undefined],
        ['create', 'db', 409, 'AlreadyExists', undefined],
        ['update', 'db', 422, 'Invalid', undefined],
        ['update', 'db', 200, undefined, undefined],
        ['patch', 'db', 422, 'Invalid', undefined],
        ['list', undefined, 200, undefined, undefined],
        ['delete', 'db', 200, undefined, undefined],
      ],
    );
  });

  it('has the refused, with what they wanted', async () => {
    await api.call('GET', `${secrets}/db?token=query-token`, { token: null });
    await api.call('DELETE', `${secrets}/db`, { token: treasure });
    await api.call('GET', `${secrets}/db`, { token: 'guest-token' });
    await api.call('PATCH', secrets);
    await api.call('GET', '/nowhere/%ZZ?token=query-token');
    await api.call('GET', '/api/v1/namespaces/default/pods/web/nothing');
    await event(6);
    assert.deepEqual(
      events().map(({ user, verb, objectRef, requestURI, responseStatus }) => [
        user?.username,
        verb,
        objectRef?.resource ?? requestURI,
        responseStatus.code,
        responseStatus.reason,
      ]),
      [
        [undefined, 'get', 'secrets', 401, 'Unauthorized'],
        [undefined, 'delete', 'secrets', 401, 'Unauthorized'],
        ['guest', 'get', 'secrets', 403, 'Forbidden'],
        ['admin', 'patch', 'secrets', 405, 'MethodNotAllowed'],
        [undefined, 'get', '/nowhere/%ZZ', 400, 'BadRequest'],
        ['admin', 'get', '/api/v1/namespaces/default/pods/web/nothing', 404, 'NotFound'],
      ],
    );
  });

  it('names the sender and whom it acts as', async () => {
    const headers = { 'impersonate-user': 'ann', 'impersonate-group': 'team' };
    await api.call('GET', secrets, { headers });
    const { user, impersonatedUser, responseStatus } = await event();
    assert.deepEqual(
      [user.username, impersonatedUser.username, impersonatedUser.groups, responseStatus.code],
      ['admin', 'ann', ['team', 'system:authenticated'], 403],
    );
    await api.call('GET', secrets, { headers, token: 'guest-token' });
    const refused = await event(2);
    assert.deepEqual([refused.user.username, refused.impersonatedUser], ['guest', undefined]);
  });

  it('has one line for the deletion of a collection, one for discovery and none for health', async () => {
    for (const path of ['/healthz', '/livez/ping', '/readyz?verbose']) await api.call('GET', path, { token: null });
    await api.call('DELETE', '/api/v1/namespaces/default/configmaps?labelSelector=a%3Db');
    const { verb, objectRef } = await event();
    assert.deepEqual(
      [verb, objectRef],
      ['deletecollection', { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' }],
    );
    await api.call('GET', '/apis?token=query-token');
    assert.deepEqual((await event(2)).requestURI, '/apis');
  });

  it('has a line when a watch begins and one when it ends', async () => {
    const headers = { authorization: `Bearer ${api.token}` };
    const message = await api.open({ path: `${secrets}?watch=true&timeoutSeconds=60`, headers });
    const begun = await event();
    assert.deepEqual([begun.stage, begun.verb, begun.responseStatus], ['ResponseStarted', 'watch', { code: 200 }]);
    message.destroy();
    const ended = await event(2);
    assert.deepEqual(
      [ended.stage, ended.auditID, ended.responseStatus],
      ['ResponseComplete', begun.auditID, { code: 200 }],
    );
  });

  it('has a line when a session begins and one when it ends, and not its token', async () => {
    const encoded = Buffer.from(api.token).toString('base64url');
    const path = `/api/v1/namespaces/default/pods/web/exec?command=${treasure}&stdout=true`;
    const protocols = ['v5.channel.k8s.io', `base64url.bearer.authorization.k8s.io.${encoded}`];
    const socket = new WebSocket(`wss://127.0.0.1:${api.port}${path}`, protocols, { ca: api.pki.authority });
    const begun = await event();
    assert.deepEqual([begun.stage, begun.user.username], ['ResponseStarted', 'admin']);
    assert.deepEqual(begun.responseStatus, { code: 101 });
    assert.deepEqual(begun.objectRef.subresource, 'exec');
    await until(() => sessions.length === 1, 'the session is open');
    socket.terminate();
    assert.equal((await event(2)).stage, 'ResponseComplete');
    assert(!lines.join('').includes(encoded));
  });

  it('has a line when a log begins and one when it ends', async () => {
    const headers = { authorization: `Bearer ${api.token}` };
    await readText(await api.open({ path: '/api/v1/namespaces/default/pods/web/log?follow=true', headers }));
    await event(2);
    assert.deepEqual(
      events().map(({ stage }) => stage),
      ['ResponseStarted', 'ResponseComplete'],
    );
  });
});
