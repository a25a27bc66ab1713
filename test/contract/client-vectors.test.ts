import assert from 'node:assert/strict';
import { decodeBody, decodeObject } from '../../shared/objects/decode.ts';
import { parseBody } from '../../shared/objects/parse-body.ts';
import type { BodyKind } from '../../shared/objects/schema-table.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { servedResources } from '../../shared/objects/versions/served-version.ts';
import { readVectors, whatIsSet } from './vectors/read.ts';

interface Vector {
  json: KubeObject;
  /** In base64. */
  protobuf: string;
}

const vectors = readVectors<Vector>('objects');

/** Strictly, as the API reads a request of that type. */
function read(bytes: Uint8Array, contentType: string, { apiVersion, kind }: KubeObject): unknown {
  const { value, problems } = parseBody(bytes, contentType, kind);
  const [, group = '', version] = /^(?:(.*)\/)?(.*)$/.exec(apiVersion) ?? [];
  const info = servedResources.find((one) => one.group === group && one.version === version && one.kind === kind);
  if (info) return decodeObject(info, value, 'Strict', problems).object;
  return decodeBody(kind as BodyKind, value, 'Strict', problems).object;
}

describe('contract: objects that the Kubernetes client library makes', () => {
  it('are there for every kind', () => {
    const found = new Set(vectors.map(({ json }) => `${json.apiVersion} ${json.kind}`));
    const wanted = servedResources.map(({ group, version, kind }) => `${group ? `${group}/` : ''}${version} ${kind}`);
    assert.deepEqual(
      wanted.filter((name) => !found.has(name)),
      [],
    );
  });

  vectors.forEach(({ json, protobuf }, at) => {
    const part = at % 2 === 0 ? 'all its fields' : 'some of its fields';
    it(`${json.apiVersion} ${json.kind} with ${part} is known, and the same by protobuf`, () => {
      const byJson = read(Buffer.from(JSON.stringify(json)), 'application/json', json);
      assert.deepEqual(whatIsSet(byJson), whatIsSet(json));
      const byProtobuf = read(Buffer.from(protobuf, 'base64'), 'application/vnd.kubernetes.protobuf', json);
      assert.deepEqual(whatIsSet(byProtobuf), whatIsSet(json));
    });
  });
});
