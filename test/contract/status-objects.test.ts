import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type CallOptions, type Json } from '../api/harness.ts';
import { Kubectl, needsKubectl } from '../api/kubectl.ts';
import { configMapManifest, deploymentManifest, podManifest } from '../api/manifests.ts';
import { WatchReader } from '../api/watch-reader.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { status } from './status.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const modified = 'the object has been modified; please apply your changes to the latest version and try again';
const guest = { token: 'guest-token' };

describe('contract: refusals', () => {
  let api: ApiHarness;
  let clock: ManualClock;

  before(async () => {
    clock = new ManualClock();
    api = await ApiHarness.start({ clock });
    for (const [path, body] of [
      [maps, configMapManifest('a')],
      [maps, configMapManifest('b')],
      [deployments, deploymentManifest('web')],
    ] as const)
      assert.equal((await api.call('POST', path, { body })).code, 201);
  });
  after(() => api?.stop());

  const refusal = async (
    method: string,
    path: string,
    options: CallOptions,
    expected: Record<string, unknown>,
  ): Promise<Answer> => {
    const answer = await api.call(method, path, options);
    assert.deepEqual(answer.json, expected);
    assert.equal(answer.code, answer.json.code);
    assert.equal(answer.headers['content-type'], 'application/json');
    return answer;
  };

  describe('400 BadRequest', () => {
    const messages: [string, string, unknown, RegExp][] = [
      [
        'YAML that is said to be nothing',
        '/api/v1/namespaces',
        'apiVersion: v1\nkind: Namespace\n',
        /^the object provided is unrecognized \(must be of type Namespace\): couldn't get version\/kind; json parse error: /,
      ],
      ['another kind', maps, podManifest('p'), /^Pod in version "v1" cannot be handled as a ConfigMap/],
      [
        'another version',
        deployments,
        { ...deploymentManifest('c'), apiVersion: 'extensions/v1beta1' },
        /^the API version in the data \(extensions\/v1beta1\) does not match the expected API version \(apps\/v1\)$/,
      ],
      [
        'a value of another type',
        deployments,
        { ...deploymentManifest('c'), spec: { replicas: 'many' } },
        /^Deployment in version "v1" cannot be handled as a Deployment: .*spec\.replicas/,
      ],
      [
        'an unknown field, strictly',
        `${deployments}?fieldValidation=Strict`,
        { ...deploymentManifest('c'), metadta: {} },
        /^Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "metadta"$/,
      ],
    ];
    for (const [name, path, body, message] of messages)
      it(`says what is wrong with ${name}`, async () => {
        const { code, json } = await api.call('POST', path, { body, headers: { 'content-type': '' } });
        assert.deepEqual([code, json.reason], [400, 'BadRequest']);
        assert.match(json.message, message);
      });
  });

  it('401 Unauthorized says no more than that', () =>
    refusal('GET', pods, { token: 'wrong' }, status(401, 'Unauthorized', 'Unauthorized')));

  it('401 is what kubectl prints as not being logged in', async function () {
    needsKubectl(this);
    const kubectl = await Kubectl.for(api);
    const { code, stderr } = await kubectl.run(['get', 'pods', '--token=wrong']);
    assert.equal(code, 1);
    assert.match(stderr, /You must be logged in to the server/);
  });

  describe('403 Forbidden', () => {
    const who = (verb: string, resource: string, group: string, where: string): string =>
      `User "guest" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
    const inDefault = 'in the namespace "default"';
    const rows: [string, string, string, object | undefined][] = [
      ['GET', pods, `pods is forbidden: ${who('list', 'pods', '', inDefault)}`, { kind: 'pods' }],
      [
        'GET',
        `${pods}/p/log`,
        `pods "p" is forbidden: ${who('get', 'pods/log', '', inDefault)}`,
        { kind: 'pods', name: 'p' },
      ],
      [
        'DELETE',
        `${deployments}/web`,
        `deployments.apps "web" is forbidden: ${who('delete', 'deployments', 'apps', inDefault)}`,
        { kind: 'deployments', name: 'web', group: 'apps' },
      ],
      [
        'GET',
        '/api/v1/nodes?watch=1',
        `nodes is forbidden: ${who('watch', 'nodes', '', 'at the cluster scope')}`,
        { kind: 'nodes' },
      ],
      ['GET', '/logs', 'forbidden: User "guest" cannot get path "/logs"', undefined],
    ];
    for (const [method, path, message, details] of rows)
      it(`names user, verb and place: ${method} ${path}`, () =>
        refusal(method, path, guest, status(403, 'Forbidden', message, details)));
  });

  describe('404 NotFound', () => {
    const rows: [string, string, string, object][] = [
      ['GET', `${pods}/x`, 'pods "x" not found', { name: 'x', kind: 'pods' }],
      [
        'DELETE',
        `${deployments}/x`,
        'deployments.apps "x" not found',
        { name: 'x', kind: 'deployments', group: 'apps' },
      ],
      [
        'GET',
        `${deployments}/x/scale`,
        'deployments.apps "x" not found',
        { name: 'x', kind: 'deployments', group: 'apps' },
      ],
      [
        'GET',
        `${deployments}/x/status`,
        'deployments.apps "x" not found',
        { name: 'x', kind: 'deployments', group: 'apps' },
      ],
      ['GET', `${pods}/x/log`, 'pods "x" not found', { name: 'x', kind: 'pods' }],
      ['GET', `${pods}/x/exec?command=a`, 'pods "x" not found', { name: 'x', kind: 'pods' }],
      ['GET', `${pods}/x/portforward`, 'pods "x" not found', { name: 'x', kind: 'pods' }],
      ['GET', '/api/v1/namespaces/x', 'namespaces "x" not found', { name: 'x', kind: 'namespaces' }],
    ];
    for (const [method, path, message, details] of rows)
      it(`names the resource: ${method} ${path}`, () =>
        refusal(method, path, {}, status(404, 'NotFound', message, details)));

    const posts: [string, object, string, object][] = [
      [`${pods}/x/eviction`, { metadata: { name: 'x' } }, 'pods "x" not found', { name: 'x', kind: 'pods' }],
      [`${pods}/x/binding`, { target: { name: 'n' } }, 'pods "x" not found', { name: 'x', kind: 'pods' }],
      [
        '/api/v1/namespaces/default/serviceaccounts/x/token',
        { spec: {} },
        'serviceaccounts "x" not found',
        { name: 'x', kind: 'serviceaccounts' },
      ],
      [
        '/api/v1/namespaces/x/configmaps',
        configMapManifest('a'),
        'namespaces "x" not found',
        { name: 'x', kind: 'namespaces' },
      ],
    ];
    for (const [path, body, message, details] of posts)
      it(`names the resource: POST ${path}`, () =>
        refusal('POST', path, { body }, status(404, 'NotFound', message, details)));
  });

  const methods: [string, string, string][] = [
    ['POST', `${maps}/a`, 'GET, PUT, PATCH, DELETE'],
    ['PUT', maps, 'GET, POST, DELETE'],
    ['PATCH', maps, 'GET, POST, DELETE'],
    ['HEAD', maps, 'GET, POST, DELETE'],
    ['OPTIONS', `${maps}/a`, 'GET, PUT, PATCH, DELETE'],
    ['POST', '/api/v1/configmaps', 'GET'],
    ['DELETE', '/api/v1/configmaps', 'GET'],
    ['DELETE', `${deployments}/web/status`, 'GET, PUT, PATCH'],
    ['GET', `${pods}/p/binding`, 'POST'],
    ['POST', '/api/v1/watch/configmaps', 'GET'],
    ['GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 'POST'],
  ];
  for (const [method, path, allow] of methods)
    it(`405 MethodNotAllowed says what is allowed: ${method} ${path}`, async () => {
      const { code, headers, json } = await api.call(method, path);
      assert.deepEqual([code, headers.allow], [405, allow]);
      if (method === 'HEAD') return;
      const message = 'the server does not allow this method on the requested resource';
      assert.deepEqual([json.reason, json.message], ['MethodNotAllowed', message]);
    });

  const accepted = 'the body of the request was in an unknown format - accepted media types include:';
  it('415 UnsupportedMediaType lists what a body may be', async () => {
    const types = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
    const expected = status(415, 'UnsupportedMediaType', `${accepted} ${types}`);
    for (const type of ['text/plain', 'application/merge-patch+json', 'application/cbor', 'json']) {
      const headers = { 'content-type': type };
      await refusal('POST', maps, { body: '{}', headers }, expected);
      await refusal('PUT', `${maps}/a`, { body: '{}', headers }, expected);
      await refusal('DELETE', `${maps}/a`, { body: '{}', headers }, expected);
    }
  });

  it('415 UnsupportedMediaType lists what a patch may be', async () => {
    const patches = ['json-patch+json', 'merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml'];
    const types = patches.map((type) => `application/${type}`).join(', ');
    for (const type of ['application/json', 'application/yaml', '']) {
      const options = { body: '{}', headers: { 'content-type': type } };
      await refusal('PATCH', `${maps}/a`, options, status(415, 'UnsupportedMediaType', `${accepted} ${types}`));
    }
  });

  it('409 AlreadyExists', () => {
    const details = { name: 'a', kind: 'configmaps' };
    const expected = status(409, 'AlreadyExists', 'configmaps "a" already exists', details);
    return refusal('POST', maps, { body: configMapManifest('a') }, expected);
  });

  it('409 Conflict of an old version', () => {
    const body = deploymentManifest('web') as Json;
    body.metadata.resourceVersion = '1';
    const message = `Operation cannot be fulfilled on deployments.apps "web": ${modified}`;
    const details = { name: 'web', kind: 'deployments', group: 'apps' };
    return refusal('PUT', `${deployments}/web`, { body }, status(409, 'Conflict', message, details));
  });

  it('409 Conflict of a uid that is another', async () => {
    const { uid } = (await api.call('GET', `${maps}/a`)).json.metadata;
    const body = { preconditions: { uid: 'u' } };
    const why = `Precondition failed: UID in precondition: u, UID in object meta: ${uid}`;
    const message = `Operation cannot be fulfilled on configmaps "a": ${why}`;
    const expected = status(409, 'Conflict', message, { name: 'a', kind: 'configmaps' });
    await refusal('DELETE', `${maps}/a`, { body }, expected);
  });

  it('409 Conflict of two appliers names the fields and the other', async () => {
    const apply = (manager: string, text: string): Promise<Answer> =>
      api.call('PATCH', `${maps}/applied?fieldManager=${manager}`, {
        body: { apiVersion: 'v1', kind: 'ConfigMap', data: { k: text } },
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
    assert.equal((await apply('ann', '1')).code, 201);
    const { code, json } = await apply('bob', '2');
    const causes = [{ reason: 'FieldManagerConflict', message: 'conflict with "ann"', field: '.data.k' }];
    assert.deepEqual([code, json.reason, json.details.causes], [409, 'Conflict', causes]);
    assert.equal(json.message, 'Apply failed with 1 conflict: conflict with "ann": .data.k');
  });

  it('410 Expired of a list that took too long', async () => {
    const { json } = await api.call('GET', `${maps}?limit=1`);
    await clock.advance(301_000);
    const late = await api.call('GET', `${maps}?continue=${encodeURIComponent(json.metadata.continue)}`);
    assert.deepEqual([late.code, late.json.reason], [410, 'Expired']);
    assert.match(
      late.json.message,
      /^The provided continue parameter is too old to display a consistent list result\./,
    );
  });

  it('410 Expired of a watch is its last event', async () => {
    const reader = await WatchReader.open(api, `${maps}?watch=1&resourceVersion=99999`);
    const { type, object } = await reader.next();
    assert.deepEqual([type, object.kind, object.code, object.reason], ['ERROR', 'Status', 410, 'Expired']);
    assert.equal(await reader.next(), undefined);
  });

  it('413 RequestEntityTooLarge names the limit', () => {
    const message = 'Request entity too large: limit is 3145728';
    const body = JSON.stringify(configMapManifest('big', { k: 'x'.repeat(3_145_728) }));
    return refusal('POST', maps, { body }, status(413, 'RequestEntityTooLarge', message));
  });
});
