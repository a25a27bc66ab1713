import assert from 'node:assert/strict';
import { podTemplateOf, podTemplatePath } from '../../shared/objects/pod-template.ts';
import { resources, type ResourceInfo } from '../../shared/objects/resources.ts';
import { findType, typeOf } from '../../shared/objects/schema-table.ts';
import type { TypeSchema } from '../../shared/objects/schema.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { unsupported } from '../../shared/objects/validation/unsupported.ts';

const podSpec = 'io.k8s.api.core.v1.PodSpec';

/** Every way through the schema from an object of a kind to a pod spec. */
function waysToPodSpec(type: TypeSchema, way: readonly string[] = [], seen: readonly string[] = []): string[][] {
  if (seen.includes(type.name)) return [];
  return Object.entries(type.fields).flatMap(([name, field]) => {
    const ref = field.ref ?? field.items?.ref;
    if (ref === podSpec) return [[...way, name]];
    const next = ref === undefined ? undefined : findType(ref);
    return next === undefined ? [] : waysToPodSpec(next, [...way, name], [...seen, type.name]);
  });
}

const withPods = resources.filter((info) => waysToPodSpec(typeOf(info)).length > 0);

function objectWith(info: ResourceInfo, spec: object): KubeObject {
  const way = [...(podTemplatePath(info.kind) ?? []), 'spec'];
  const inner = way.reduceRight<object>((part, name) => ({ [name]: part }), spec);
  return { ...inner, apiVersion: 'v1', kind: info.kind, metadata: { name: 'a' } } as KubeObject;
}

describe('pod templates', () => {
  it('are found wherever the schema of a kind has one', () => {
    assert.equal(withPods.length, 9);
    for (const info of resources) {
      const path = podTemplatePath(info.kind);
      assert.deepEqual(waysToPodSpec(typeOf(info)), path === undefined ? [] : [[...path, 'spec']], info.kind);
      assert.equal(
        podTemplateOf(info, { apiVersion: 'v1', kind: info.kind, metadata: { name: 'a' } })?.spec,
        undefined,
      );
    }
  });

  for (const info of withPods) {
    it(`of a ${info.kind} are looked at for what is not enforced`, () => {
      const object = objectWith(info, { containers: [], subdomain: 'a' });
      const path = [...(podTemplatePath(info.kind) ?? []), 'spec'].join('.');
      assert.deepEqual(unsupported(info, object), [`${path}.subdomain: not enforced by this version`]);
    });
  }
});
