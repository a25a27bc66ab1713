import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApiDocument } from '../../shared/objects/openapi.ts';
import { apiVersionOf, resources } from '../../shared/objects/resources.ts';
import { runKubectl } from './kubectl-recorder.ts';
import { needsKubectl } from '../api/kubectl.ts';

type Tree = { [key: string]: Tree };

const groupVersions = [...new Map(resources.map((info) => [apiVersionOf(info), info])).values()];

function documentOf(group: string, version: string): Tree {
  return openApiDocument(group, version) as Tree;
}

function operations(document: Tree): [string, Tree][] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => method !== 'parameters')
      .map(([method, operation]): [string, Tree] => [`${method} ${path}`, operation]),
  );
}

/** What a server answers to a client that asks for kinds and schemas. */
function answers(): Record<string, unknown> {
  const list = (group: string, version: string): unknown => ({
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: resources
      .filter((info) => info.group === group && info.version === version)
      .map(({ plural, singular, namespaced, kind }) => ({
        name: plural,
        singularName: singular,
        namespaced,
        kind,
        verbs: ['create', 'get', 'list', 'patch'],
      })),
  });
  const apps = { groupVersion: 'apps/v1', version: 'v1' };
  return {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/apis': { kind: 'APIGroupList', groups: [{ name: 'apps', versions: [apps], preferredVersion: apps }] },
    '/api/v1': list('', 'v1'),
    '/apis/apps/v1': list('apps', 'v1'),
    '/openapi/v3': {
      paths: {
        'api/v1': { serverRelativeURL: '/openapi/v3/api/v1?hash=1' },
        'apis/apps/v1': { serverRelativeURL: '/openapi/v3/apis/apps/v1?hash=1' },
      },
    },
    '/openapi/v3/api/v1': openApiDocument('', 'v1'),
    '/openapi/v3/apis/apps/v1': openApiDocument('apps', 'v1'),
  };
}

const isConnection = (operation: Tree): boolean => (operation['x-kubernetes-action'] as unknown) === 'connect';

describe('OpenAPI', () => {
  it('marks every operation with its kind and action, and with an id of its own', () => {
    for (const { group, version } of groupVersions) {
      const all = operations(documentOf(group, version));
      for (const [name, operation] of all) {
        assert.ok(operation['x-kubernetes-group-version-kind']?.kind, name);
        assert.ok(operation['x-kubernetes-action'], name);
      }
      assert.equal(new Set(all.map(([, { operationId }]) => operationId)).size, all.length);
    }
  });

  it('tells on every write that fields are validated, and does not name the strategic merge patch', () => {
    for (const { group, version } of groupVersions) {
      for (const [name, operation] of operations(documentOf(group, version))) {
        if (!/^(patch|put|post) /.test(name) || isConnection(operation)) continue;
        const parameters = Object.values(operation.parameters ?? {}).map(({ name: parameter }) => parameter as unknown);
        for (const wanted of ['fieldValidation', 'dryRun', 'fieldManager'])
          assert.ok(parameters.includes(wanted), name);
        if (name.startsWith('patch ')) assert.ok(parameters.includes('force'), name);
        assert.ok(!('application/strategic-merge-patch+json' in (operation.requestBody?.content ?? {})), name);
      }
    }
  });

  it('holds every schema it refers to, and marks those of kinds', () => {
    for (const info of groupVersions) {
      const document = documentOf(info.group, info.version);
      const schemas = document.components?.schemas ?? {};
      for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
        assert.ok(schemas[name ?? ''], name);
      }
    }
    const deployment = documentOf('apps', 'v1').components?.schemas?.['io.k8s.api.apps.v1.Deployment'];
    assert.deepEqual(deployment?.['x-kubernetes-group-version-kind'], [
      { group: 'apps', version: 'v1', kind: 'Deployment' },
    ]);
  });

  it('publishes merge keys, required fields and enums', () => {
    const spec = documentOf('', 'v1').components?.schemas?.['io.k8s.api.core.v1.PodSpec'];
    assert.deepEqual(spec?.required, ['containers']);
    const volumes = spec?.properties?.volumes;
    assert.equal(volumes?.['x-kubernetes-patch-merge-key'], 'name');
    assert.equal(volumes?.['x-kubernetes-patch-strategy'], 'merge,retainKeys');
    assert.deepEqual(spec?.properties?.restartPolicy?.enum, ['Always', 'Never', 'OnFailure']);
  });

  it('lets kubectl explain fields', async function () {
    needsKubectl(this); // it is the reader
    const { output } = await runKubectl(['explain', 'pods.spec.containers'], answers());
    assert.match(output, /^KIND: +Pod\nVERSION: +v1\n\nFIELD: containers <\[\]Container>/);
    assert.match(output, /name\t<string> -required-/);
    const deep = await runKubectl(['explain', 'deployments', '--recursive'], answers());
    assert.match(deep.output, /GROUP: +apps\nKIND: +Deployment/);
    assert.match(deep.output, /limits\t<map\[string\]Quantity>/);
  });

  it('lets kubectl apply leave validation to the server', async function () {
    needsKubectl(this); // it is the reader
    const folder = await mkdtemp(join(tmpdir(), 'berth-openapi-'));
    try {
      const file = join(folder, 'conf.json');
      await writeFile(file, '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"conf"},"data":{"a":"b"}}');
      const { writes, reads } = await runKubectl(['apply', '-f', file], answers());
      assert.match(writes[0]?.url ?? '', /fieldManager=kubectl-client-side-apply&fieldValidation=Strict/);
      assert.ok(!reads.includes('/openapi/v2'));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
