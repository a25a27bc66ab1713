import assert from 'node:assert/strict';
import { parseResourcePath } from '../../controller/api/resource-path.ts';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';
import { everyKind } from './every-kind.ts';

const methods = ['get', 'put', 'post', 'patch', 'delete'];

describe('contract: OpenAPI v3', () => {
  let api: ApiHarness;
  let index: Json;

  before(async () => {
    api = await ApiHarness.start();
    index = (await api.call('GET', '/openapi/v3')).json;
  });
  after(() => api?.stop());

  const fetch = (root: string): Promise<Answer> => api.call('GET', index.paths[root].serverRelativeURL);

  it('is fetched once for a hash, and kept for good', async () => {
    for (const root of Object.keys(index.paths)) {
      const { serverRelativeURL } = index.paths[root];
      assert.match(serverRelativeURL, new RegExp(`^/openapi/v3/${root}\\?hash=[0-9A-Fa-f]+$`));
      const { code, headers } = await fetch(root);
      assert.equal(code, 200, root);
      assert.ok(headers.etag, root);
      assert.equal(headers['cache-control'], 'public, immutable');
      assert.ok(Date.parse(headers.expires ?? '') > Date.now() + 300 * 86_400_000, 'far away');
    }
  });

  it('names kind and action of every operation, and what a PATCH may ask for', async () => {
    for (const root of ['api/v1', 'apis/apps/v1', 'apis/batch/v1']) {
      const { paths } = (await fetch(root)).json;
      for (const [path, item] of Object.entries<Json>(paths)) {
        for (const method of methods.filter((each) => item[each] !== undefined)) {
          const operation = item[method];
          assert.ok(operation['x-kubernetes-action'], `${method} ${path}`);
          assert.ok(operation['x-kubernetes-group-version-kind']?.kind, `${method} ${path}`);
        }
        if (item.patch === undefined) continue;
        const names = [...(item.parameters ?? []), ...(item.patch.parameters ?? [])].map(({ name }: Json) => name);
        for (const name of ['dryRun', 'fieldManager', 'fieldValidation', 'force'])
          assert.ok(names.includes(name), path);
        const media = Object.keys(item.patch.requestBody.content);
        assert.ok(!media.includes('application/strategic-merge-patch+json'), path);
      }
    }
  });

  it('has the paths that are served, those of watches too', async () => {
    const watched: string[] = [];
    for (const root of Object.keys(index.paths)) {
      for (const [path, item] of Object.entries<Json>((await fetch(root)).json.paths)) {
        const target = parseResourcePath(path.replaceAll(/[{}]/g, '').split('/').slice(1));
        assert.ok(target, path);
        const isWatch = /^watch(list)?$/.test(item.get?.['x-kubernetes-action'] ?? '');
        assert.equal(isWatch, target.isWatched === true, path);
        if (isWatch) watched.push(path);
      }
    }
    assert.deepEqual(watched.filter((path) => /\/(pods|nodes)\b/.test(path)).sort(), [
      '/api/v1/watch/namespaces/{namespace}/pods',
      '/api/v1/watch/namespaces/{namespace}/pods/{name}',
      '/api/v1/watch/nodes',
      '/api/v1/watch/nodes/{name}',
      '/api/v1/watch/pods',
    ]);
  });

  const connections: [string, string, string[], string[]][] = [
    ['pods/{name}/log', 'Pod', ['get'], ['container', 'follow', 'previous', 'sinceSeconds', 'tailLines', 'timestamps']],
    [
      'pods/{name}/exec',
      'PodExecOptions',
      ['get', 'post'],
      ['command', 'container', 'stderr', 'stdin', 'stdout', 'tty'],
    ],
    ['pods/{name}/attach', 'PodAttachOptions', ['get', 'post'], ['container', 'stderr', 'stdin', 'stdout', 'tty']],
    ['pods/{name}/portforward', 'PodPortForwardOptions', ['get', 'post'], ['ports']],
    ['services/{name}/proxy', 'ServiceProxyOptions', ['get'], []],
  ];
  for (const [path, kind, wanted, queries] of connections)
    it(`says how to ask for ${path}`, async () => {
      const item = (await fetch('api/v1')).json.paths[`/api/v1/namespaces/{namespace}/${path}`];
      assert.deepEqual(Object.keys(item).sort(), [...wanted, 'parameters'].sort());
      for (const method of wanted) {
        const { parameters = [], responses, 'x-kubernetes-group-version-kind': of } = item[method];
        assert.deepEqual(of, { group: '', version: 'v1', kind });
        const names = parameters.map(({ name }: Json) => name);
        for (const name of queries) assert.ok(names.includes(name), name);
        assert.deepEqual(responses['200'].content, { '*/*': { schema: { type: 'string' } } });
      }
    });

  it('has a schema for every kind, that says which kind it is', async () => {
    const documents = new Map<string, Json>();
    for (const { info } of everyKind()) {
      const root = info.group === '' ? 'api/v1' : `apis/${info.group}/${info.version}`;
      if (!documents.has(root)) documents.set(root, (await fetch(root)).json);
      const schemas = Object.entries<Json>(documents.get(root).components.schemas);
      const { group, version, kind } = info;
      const found = schemas.filter(([, schema]) =>
        (schema['x-kubernetes-group-version-kind'] ?? []).some(
          (each: Json) => each.group === group && each.version === version && each.kind === kind,
        ),
      );
      assert.equal(found.length, 1, `${root} ${kind}`);
      assert.match(found[0]?.[0] ?? '', new RegExp(`^io\\.k8s\\.api\\..*\\.${version}\\.${kind}$`));
    }
  });
});
