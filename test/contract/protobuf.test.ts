import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';
import { encode, envelope, type Message } from './protobuf-encoder.ts';
import { protobufRows } from './protobuf-more-rows.ts';
import { containerJson, podBody } from './protobuf-rows.ts';

const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' };
const pods = '/api/v1/namespaces/default/pods';
const maps = '/api/v1/namespaces/default/configmaps';

const named = (name: string, message: Message): Buffer => encode({ 1: { 1: name, 2: '', 3: '' }, ...message });
const map = (name: string, data: Message = {}): Buffer => envelope('v1', 'ConfigMap', named(name, data));

describe('contract: protobuf bodies', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  async function send(method: string, path: string, body: Uint8Array, code: number): Promise<Answer> {
    const answer = await api.call(method, path, { body, headers: protobuf });
    assert.equal(answer.code, code, `${method} ${path}: ${answer.text}`);
    return answer;
  }

  /** Everything that `part` says is in `whole`; lists are of one length. */
  function says(whole: Json, part: Json, path = ''): void {
    if (typeof part !== 'object' || part === null) return assert.equal(whole, part, path);
    if (Array.isArray(part)) assert.equal(whole?.length, part.length, path);
    for (const [key, value] of Object.entries(part)) says(whole?.[key], value, `${path}.${key}`);
  }

  protobufRows.forEach(({ apiVersion, kind, collection, message, says: said }, at) => {
    it(`of ${apiVersion} ${kind} are what JSON would have been`, async () => {
      const body = envelope(apiVersion, kind, named(`object-${at}`, message));
      const { json, headers } = await send('POST', `${collection}?fieldValidation=Strict`, body, 201);
      assert.match(headers['content-type'] ?? '', /^application\/json/);
      assert.deepEqual([json.apiVersion, json.kind], [apiVersion, kind]);
      says(json, said);
    });
  });

  it('keep containers whole', async () => {
    const { json } = await send('POST', pods, envelope('v1', 'Pod', named('whole', podBody)), 201);
    assert.deepEqual(json.spec.volumes[0], { name: 'v', emptyDir: {} });
    says(json.spec.containers, [containerJson]);
    says(json.spec.containers[0].lifecycle, { preStop: { httpGet: { path: '/bye', port: 'http' } } });
    const { tolerations } = json.spec;
    says(tolerations[0], { key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: -1 });
  });

  it('replace objects and scales', async () => {
    await send('POST', maps, map('put', { 2: { 1: 'a', 2: '1' } }), 201);
    const { json } = await send('PUT', `${maps}/put`, map('put', { 2: { 1: 'b', 2: '2' } }), 200);
    assert.deepEqual(json.data, { b: '2' });
    const at = protobufRows.findIndex(({ kind }) => kind === 'ReplicaSet');
    const scale = envelope('autoscaling/v1', 'Scale', named(`object-${at}`, { 2: { 1: 6 } }));
    const path = `${protobufRows[at]?.collection}/object-${at}/scale`;
    assert.equal((await send('PUT', path, scale, 200)).json.spec.replicas, 6);
  });

  it('bring options of deletions, evictions, bindings, reviews and tokens', async () => {
    await send('POST', maps, map('gone'), 201);
    const wrong = encode({ 2: { 1: 'another' } });
    await send('DELETE', `${maps}/gone`, envelope('v1', 'DeleteOptions', wrong), 409);
    const dry = encode({ 1: 0, 4: 'Background', 5: 'All' });
    await send('DELETE', `${maps}/gone`, envelope('v1', 'DeleteOptions', dry), 200);
    await send('DELETE', `${maps}/gone`, envelope('v1', 'DeleteOptions', encode({ 4: 'Background' })), 200);
    await send('DELETE', `${maps}/gone`, envelope('v1', 'DeleteOptions', encode({})), 404);

    await send('POST', pods, envelope('v1', 'Pod', named('bound', { 2: { 2: { 1: 'c', 2: 'i:1' } } })), 201);
    const binding = named('bound', { 2: { 1: 'Node', 3: 'n-1' } });
    await send('POST', `${pods}/bound/binding`, envelope('v1', 'Binding', binding), 201);
    assert.equal((await api.call('GET', `${pods}/bound`)).json.spec.nodeName, 'n-1');
    const eviction = named('bound', { 2: { 1: 0 } });
    await send('POST', `${pods}/bound/eviction`, envelope('policy/v1', 'Eviction', eviction), 201);

    const attributes: Message = { 1: 'default', 2: 'get', 3: '', 4: '', 5: 'pods' };
    const access = encode({ 2: { 1: attributes } });
    const path = '/apis/authorization.k8s.io/v1';
    const review = envelope('authorization.k8s.io/v1', 'SelfSubjectAccessReview', access);
    assert.equal((await send('POST', `${path}/selfsubjectaccessreviews`, review, 201)).json.status.allowed, true);
    const rules = envelope('authorization.k8s.io/v1', 'SelfSubjectRulesReview', encode({ 2: { 1: 'default' } }));
    assert.ok((await send('POST', `${path}/selfsubjectrulesreviews`, rules, 201)).json.status.resourceRules.length > 0);
    const whoami = envelope('authentication.k8s.io/v1', 'SelfSubjectReview', encode({}));
    const me = await send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', whoami, 201);
    assert.equal(me.json.status.userInfo.username, 'admin');
    const order = envelope('authentication.k8s.io/v1', 'TokenRequest', encode({ 2: { 1: 'aud', 4: 900 } }));
    const account = '/api/v1/namespaces/default/serviceaccounts/default/token';
    const token = await send('POST', account, order, 201);
    assert.deepEqual([token.json.spec.audiences, token.json.spec.expirationSeconds], [['aud'], 900]);
  });

  it('with numbers that nobody knows are warned of, refused when strict, else taken', async () => {
    const odd = map('odd', { 2: { 1: 'a', 2: '1' }, 99: 'x' });
    const refused = await send('POST', `${maps}?fieldValidation=Strict`, odd, 400);
    assert.match(refused.json.message, /unknown field "99"/);
    const warned = await send('POST', `${maps}?fieldValidation=Warn&dryRun=All`, odd, 201);
    assert.match(String(warned.headers['warning']), /unknown field \\?"99\\?"/);
    const ignored = await send('POST', `${maps}?fieldValidation=Ignore`, odd, 201);
    assert.equal(ignored.headers['warning'], undefined);
    assert.deepEqual(ignored.json.data, { a: '1' });
  });

  it('cut off anywhere are 400, or what is left of them, and never an error of the server', async () => {
    const whole = envelope('v1', 'Pod', named('cut', podBody));
    for (let length = 0; length < whole.length; length += 7) {
      const answer = await api.call('POST', `${pods}?dryRun=All`, {
        body: whole.subarray(0, length),
        headers: protobuf,
      });
      assert.ok([400, 422].includes(answer.code), `${length} bytes: ${answer.text}`);
    }
  });

  it('of another kind, of none, or in another encoding are 400', async () => {
    const raw = named('x', {});
    for (const body of [
      envelope('v1', 'Secret', raw),
      envelope('v2', 'ConfigMap', raw),
      envelope('', '', raw),
      Buffer.from('{"kind":"ConfigMap"}'),
      Buffer.concat([Buffer.from('k8s\0'), encode({ 1: { 1: 'v1', 2: 'ConfigMap' }, 2: raw, 3: 'gzip' })]),
    ]) {
      await send('POST', maps, body, 400);
    }
  });

  it('nested without end under an unknown number are skipped, and of a length beyond their end refused', async () => {
    let deep: Message = {};
    for (let level = 0; level < 3_000; level += 1) deep = { 17: encode(deep) };
    await send('POST', maps, envelope('v1', 'ConfigMap', encode({ 1: encode(deep) })), 422);
    const lying = Buffer.concat([encode({ 1: { 1: 'x' } }), Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])]);
    await send('POST', maps, envelope('v1', 'ConfigMap', lying), 400);
  });
});
