import assert from 'node:assert/strict';
import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { ApiHarness } from '../harness.ts';
import { Kubectl, needsKubectl } from '../kubectl.ts';
import { limitedKubeconfig } from './limited-user.ts';

const tokenPath = '/api/v1/namespaces/default/serviceaccounts/default/token';
const issuer = 'https://kubernetes.default.svc.cluster.local';

describe('token requests', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  const request = async (spec: object, path = tokenPath) => api.call('POST', path, { body: { spec } });
  const claimsOf = (token: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

  it('bring a token that the API accepts as the account', async () => {
    const { code, json } = await request({});
    assert.equal(code, 201);
    assert.deepEqual(json.spec, { audiences: [issuer], expirationSeconds: 3_600, boundObjectRef: null });
    const { token, expirationTimestamp } = json.status;
    assert.equal(Date.parse(expirationTimestamp) / 1_000, claimsOf(token)['exp']);
    const who = await api.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { token, body: {} });
    assert.equal(who.json.status.userInfo.username, 'system:serviceaccount:default:default');
    assert.ok(who.json.status.userInfo.groups.includes('system:authenticated'));
    const pods = await api.call('GET', '/api/v1/namespaces/default/pods', { token });
    assert.match(pods.json.message, /User "system:serviceaccount:default:default" cannot list resource "pods"/);
  });

  it('give no longer life than a year', async () => {
    const { json } = await request({ expirationSeconds: 2 ** 32 });
    assert.equal(json.spec.expirationSeconds, 365 * 24 * 3_600);
  });

  it('bind to pods of the account and to secrets', async () => {
    const metadata = { name: 'web' };
    const containers = [{ name: 'main', image: 'web:1' }];
    await api.call('POST', '/api/v1/namespaces/default/pods', { body: { metadata, spec: { containers } } });
    const pod = { kind: 'Pod', apiVersion: 'v1', name: 'web' };
    const { json } = await request({ boundObjectRef: pod });
    const { token } = json.status;
    const ask = () => api.call('GET', '/api', { token });
    assert.equal((await ask()).code, 200);
    assert.equal((await request({ boundObjectRef: { ...pod, uid: 'x' } })).code, 409);
    assert.equal((await request({ boundObjectRef: { ...pod, name: 'absent' } })).code, 404);
    await api.call('DELETE', '/api/v1/namespaces/default/pods/web?gracePeriodSeconds=0');
    assert.equal((await ask()).code, 401);
  });

  it('are refused with the field that is wrong', async () => {
    const wrong: [object, number, RegExp][] = [
      [
        { expirationSeconds: 599 },
        422,
        /spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes/,
      ],
      [{ expirationSeconds: -1 }, 422, /less than 10 minutes/],
      [{ expirationSeconds: 2 ** 32 + 1 }, 422, /larger than 2\^32/],
      [{ expirationSeconds: '600' }, 400, /expirationSeconds/],
      [{ audiences: [''] }, 422, /spec.audiences\[0\]/],
      [{ audiences: ['x'.repeat(5_000)] }, 422, /spec.audiences: Too long/],
      [{ audiences: 'x' }, 400, /spec.audiences/],
      [{ boundObjectRef: { kind: 'ConfigMap', name: 'x' } }, 422, /spec.boundObjectRef.kind: Unsupported value/],
      [{ boundObjectRef: { kind: 'constructor', name: 'x' } }, 422, /spec.boundObjectRef.kind/],
      [{ boundObjectRef: { kind: 'Pod' } }, 422, /spec.boundObjectRef.name: Required value/],
    ];
    for (const [spec, expected, message] of wrong) {
      const { code, json } = await request(spec);
      assert.equal(code, expected, JSON.stringify(spec).slice(0, 200));
      assert.match(json.message, message);
    }
    assert.equal((await request({}, tokenPath.replace('/default/token', '/absent/token'))).code, 404);
    assert.equal((await api.call('GET', tokenPath)).code, 405);
    assert.equal((await api.call('POST', tokenPath, { token: 'guest-token', body: {} })).code, 403);
  });

  it('can be checked by anybody with the published key', async () => {
    const { token } = (await request({})).json.status;
    const { json: configuration } = await api.call('GET', '/.well-known/openid-configuration');
    assert.equal(configuration.issuer, claimsOf(token)['iss']);
    const { pathname } = new URL(configuration.jwks_uri as string);
    const { json: set } = await api.call('GET', pathname, { token });
    const [header = '', payload = '', signature = ''] = (token as string).split('.');
    const key = createPublicKey({ key: set.keys[0] as JsonWebKey, format: 'jwk' });
    const content = Buffer.from(`${header}.${payload}`);
    assert.ok(verify('sha256', content, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')));
    assert.equal((await api.call('GET', pathname, { token: 'guest-token' })).code, 403);
  });

  it('refuse hostile tokens in any length', async () => {
    const { token } = (await request({})).json.status;
    const [, payload = '', signature = ''] = (token as string).split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const bad of [`${none}.${payload}.`, `${none}.${payload}.${signature}`, token.slice(0, -5), `${token}x`]) {
      assert.equal((await api.call('GET', '/api', { token: bad })).code, 401);
    }
    assert.equal((await api.call('GET', '/api', { token: `a.${'b'.repeat(30_000)}.c` })).code, 401);
    const long = await api.call('GET', '/api', { token: 'x'.repeat(64 * 1024) });
    assert.ok(long.code === 431 || long.code === 400, String(long.code));
    assert.equal((await api.call('GET', '/api', { token })).code, 200);
  });

  it('serve kubectl create token, and kubectl with that token', async function () {
    needsKubectl(this);
    const kubectl = await Kubectl.for(api);
    await kubectl.ok('create serviceaccount robot');
    const token = await kubectl.ok(
      'create token robot --duration=20m --audience=https://kubernetes.default.svc.cluster.local',
    );
    const { exp, iat } = claimsOf(token) as { exp: number; iat: number };
    assert.equal(exp - iat, 1_200);
    await kubectl.ok('create rolebinding robots --clusterrole=view --serviceaccount=default:robot');
    const env = { KUBECONFIG: await limitedKubeconfig(api, token) };
    assert.match(await kubectl.ok('auth whoami', { env }), /system:serviceaccount:default:robot/);
    assert.match(await kubectl.ok('get serviceaccounts', { env }), /robot/);
    assert.match(await kubectl.fails('get secrets', { env }), /Forbidden/);
    assert.equal(await kubectl.ok('auth can-i list pods --as=system:serviceaccount:default:robot'), 'yes');
    await kubectl.ok('delete serviceaccount robot');
    assert.match(await kubectl.fails('get serviceaccounts', { env }), /You must be logged in to the server/);
  });
});
