import assert from 'node:assert/strict';
import { swaggerDocument } from '../../shared/objects/swagger.ts';

type Tree = { [key: string]: Tree };

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const core = 'io.k8s.api.core.v1';
const pods = '/api/v1/namespaces/{namespace}/pods';

describe('Swagger 2', () => {
  const document = swaggerDocument('v1.32.0') as Tree;
  const { definitions = {}, paths = {} } = document;
  const propertyOf = (type: string, name: string): Tree | undefined => definitions[type]?.properties?.[name];

  it('has nothing of the notation of OpenAPI 3', () => {
    const keys = new Set<string>();
    JSON.stringify(document, (key, value: unknown) => {
      keys.add(key);
      return value;
    });
    for (const key of ['components', 'requestBody', 'content', 'oneOf', 'anyOf', 'allOf', 'nullable'])
      assert.ok(!keys.has(key), key);
  });

  it('holds every definition it refers to', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
    assert.ok(refs.length > 1000);
    for (const ref of refs) {
      assert.match(ref, /^#\/definitions\//);
      assert.ok(definitions[ref.slice('#/definitions/'.length)], ref);
    }
  });

  it('gives every operation an id of its own', () => {
    const ids = Object.values(paths).flatMap((item) =>
      Object.values(item).flatMap(({ operationId }) => operationId ?? []),
    );
    assert.ok(ids.length > 300);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('writes what is a number or text as Kubernetes does', () => {
    const { description: _, ...port } = definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString'] ?? {};
    assert.deepEqual(port, { type: 'string', format: 'int-or-string' });
    const { description: __, ...quantity } = definitions['io.k8s.apimachinery.pkg.api.resource.Quantity'] ?? {};
    assert.deepEqual(quantity, { type: 'string' });
    const { description, ...target } = propertyOf(`${core}.ServicePort`, 'targetPort') ?? {};
    assert.deepEqual(target, { $ref: '#/definitions/io.k8s.apimachinery.pkg.util.intstr.IntOrString' });
    assert.equal(typeof description, 'string');
  });

  it('keeps beside a reference what is said of the field', () => {
    assert.deepEqual(propertyOf('io.k8s.api.apps.v1.DeploymentSpec', 'strategy'), {
      'x-kubernetes-patch-strategy': 'retainKeys',
      $ref: '#/definitions/io.k8s.api.apps.v1.DeploymentStrategy',
    });
    const limits = propertyOf(`${core}.ResourceRequirements`, 'limits');
    assert.deepEqual(limits?.additionalProperties, {
      $ref: '#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity',
    });
  });

  it('keeps what Kubernetes says besides: keys of lists, required fields, enums', () => {
    const containers = propertyOf(`${core}.PodSpec`, 'containers');
    assert.equal(containers?.['x-kubernetes-patch-merge-key'], 'name');
    assert.equal(containers?.['x-kubernetes-patch-strategy'], 'merge');
    assert.deepEqual(containers?.['x-kubernetes-list-map-keys'], ['name']);
    assert.deepEqual(containers?.items, { $ref: `#/definitions/${core}.Container` });
    assert.deepEqual(definitions[`${core}.PodSpec`]?.required, ['containers']);
    assert.deepEqual(propertyOf(`${core}.PodSpec`, 'restartPolicy')?.enum, ['Always', 'Never', 'OnFailure']);
    const claims = definitions[`${core}.PersistentVolumeClaim`];
    const group = { group: '', version: 'v1', kind: 'PersistentVolumeClaim' };
    assert.deepEqual(claims?.['x-kubernetes-group-version-kind'], [group], 'of which StatefulSets have some too');
  });

  it('takes bodies as parameters, with the forms they may have', () => {
    const post = paths[pods]?.post;
    const schema = { $ref: `#/definitions/${core}.Pod` };
    assert.deepEqual(post?.parameters?.[0], { name: 'body', in: 'body', required: true, schema });
    assert.deepEqual(post?.consumes, ['application/json', 'application/yaml']);
    assert.deepEqual(post?.produces, ['application/json']);
    assert.deepEqual(post?.responses?.['200'], { description: 'OK', schema });
    const [options] = Object.values(paths[`${pods}/{name}`]?.delete?.parameters ?? {});
    assert.deepEqual(options, { name: 'body', in: 'body', schema: { $ref: `#/definitions/${meta}.DeleteOptions` } });
  });

  it('takes parameters with their type beside them', () => {
    const item = paths[pods];
    const name = { name: 'namespace', in: 'path', required: true, type: 'string' };
    assert.deepEqual(item?.parameters, [name]);
    const limit = Object.values(item?.get?.parameters ?? {}).find((each) => (each.name as unknown) === 'limit');
    assert.deepEqual(limit, { name: 'limit', in: 'query', type: 'integer', uniqueItems: true });
  });
});
