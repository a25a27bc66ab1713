import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../api/harness.ts';
import { Kubectl, needsKubectl } from '../api/kubectl.ts';
import { everyKind } from './every-kind.ts';

const protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const asKubectlSays = protobuf.replace('v2.v1', 'v2@v1');
const methods = ['get', 'put', 'post', 'patch', 'delete'];

describe('contract: OpenAPI v2', () => {
  let api: ApiHarness;
  let swagger: Json;

  before(async () => {
    api = await ApiHarness.start();
    swagger = (await api.call('GET', '/openapi/v2')).json;
  });
  after(() => api?.stop());

  for (const accept of ['', '*/*', 'application/json, */*', 'application/*', `${protobuf};q=0.5, application/json`])
    it(`is JSON for who accepts "${accept}"`, async () => {
      const { code, headers, json } = await api.call('GET', '/openapi/v2', { headers: { accept } });
      assert.deepEqual([code, headers['content-type'], json.swagger], [200, 'application/json', '2.0']);
    });

  it('is refused to who cannot read it', async () => {
    for (const accept of ['application/yaml', 'text/*', 'constructor']) {
      const { code, text } = await api.call('GET', '/openapi/v2', { headers: { accept } });
      assert.equal(code, 406, accept);
      assert.match(text, /only the following media types are accepted: .*proto-openapi/);
    }
  });

  for (const accept of [protobuf, asKubectlSays, `${asKubectlSays}, */*`])
    it(`is protobuf for who accepts "${accept}"`, async () => {
      const { code, headers, text } = await api.call('GET', '/openapi/v2', { headers: { accept } });
      assert.deepEqual([code, headers['content-type']], [200, protobuf]);
      assert.ok(text.startsWith('\n\u00032.0\u0012'), 'field 1, three bytes; field 2');
    });

  it('is not sent again to who has it in that form', async () => {
    const tags = new Set<string>();
    for (const accept of ['application/json', protobuf]) {
      const { etag = '' } = (await api.call('GET', '/openapi/v2', { headers: { accept } })).headers;
      assert.match(etag, /^"[0-9A-F]{40}"$/);
      const again = await api.call('GET', '/openapi/v2', { headers: { accept, 'if-none-match': etag } });
      assert.deepEqual([again.code, again.text, again.headers.etag], [304, '', etag]);
      tags.add(etag);
    }
    assert.equal(tags.size, 2);
  });

  it('is what kubectl explains from when it is told to', async function () {
    needsKubectl(this); // it is the reader
    const kubectl = await Kubectl.for(api);
    const explain = 'explain --output=plaintext-openapiv2';
    const type = await kubectl.ok(`${explain} pods.spec.containers.resources`);
    assert.match(type, /^ +limits\t<map\[string\]string>\n/m);
    assert.match(await kubectl.ok(`${explain} deployments --recursive`), /^ +maxSurge\t<string>\n/m);
    assert.match(
      await kubectl.ok(`${explain} networkpolicies`),
      /^KIND: +NetworkPolicy\nVERSION: +networking.k8s.io\/v1\n/,
    );
  });

  it('speaks of the same release as /version', async () => {
    assert.equal(swagger.info.version, (await api.call('GET', '/version')).json.gitVersion);
  });

  it('has the operations of every group version, for the same kinds', async () => {
    const { paths: roots } = (await api.call('GET', '/openapi/v3')).json;
    const wanted: Json = {};
    for (const root of Object.keys(roots))
      Object.assign(wanted, (await api.call('GET', `/openapi/v3/${root}`)).json.paths);
    assert.deepEqual(kindsOf(swagger.paths), kindsOf(wanted));
    assert.equal(swagger.paths['/api/v1/namespaces/{namespace}/pods/{name}'].patch['x-kubernetes-action'], 'patch');
  });

  it('has a summary and a description of every operation', () => {
    for (const [path, item] of Object.entries<Json>(swagger.paths))
      for (const method of methods.filter((each) => item[each] !== undefined)) {
        const { summary, description } = item[method];
        assert.match(summary, /^[a-z]+ [A-Z]/, `${method} ${path}`);
        assert.equal(description, summary);
      }
  });

  it('tells kubectl that writes are validated, and nothing of the strategic merge patch', () => {
    for (const [path, { patch, post, put }] of Object.entries<Json>(swagger.paths)) {
      for (const operation of [patch, post, put].filter((each) => each !== undefined)) {
        if (operation['x-kubernetes-action'] === 'connect') continue;
        const names = operation.parameters.map(({ name }: Json) => name);
        for (const name of ['body', 'dryRun', 'fieldManager']) assert.ok(names.includes(name), path);
        // That of a namespace stands for custom resources, of which there are none.
        const isForCustom = path === '/api/v1/namespaces/{name}' && operation === patch;
        assert.equal(names.includes('fieldValidation'), !isForCustom, path);
        assert.ok(!operation.consumes.includes('application/strategic-merge-patch+json'), path);
      }
    }
  });

  it('has one definition for every kind, under the name of Kubernetes', () => {
    for (const { info } of everyKind()) {
      const { group, version, kind } = info;
      const found = Object.entries<Json>(swagger.definitions).filter(([, definition]) =>
        (definition['x-kubernetes-group-version-kind'] ?? []).some(
          (each: Json) => each.group === group && each.version === version && each.kind === kind,
        ),
      );
      assert.equal(found.length, 1, kind);
      assert.match(found[0]?.[0] ?? '', new RegExp(`^io\\.k8s\\.api\\..*\\.${version}\\.${kind}$`));
    }
  });
});

/** Kind and action of each operation, by method and path. */
function kindsOf(paths: Json): [string, unknown][] {
  return Object.entries<Json>(paths)
    .flatMap(([path, item]) =>
      methods
        .filter((method) => item[method] !== undefined)
        .map((method): [string, unknown] => {
          const { 'x-kubernetes-group-version-kind': kind, 'x-kubernetes-action': action } = item[method];
          return [`${method} ${path}`, { kind, action }];
        }),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
