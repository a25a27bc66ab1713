import assert from 'node:assert/strict';
import { applyPatch } from '../../controller/api/patch/patch.ts';
import { types } from '../../controller/api/verbs/codec.ts';
import { findKind, type ResourceInfo } from '../../shared/objects/resources.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../shared/objects/types.ts';
import { readVectors, whatIsSet } from './vectors/read.ts';

interface PatchVector {
  apiVersion: string;
  kind: string;
  live: KubeObject;
  patch: object;
  result: KubeObject;
}

interface ApplyVector {
  manager: string;
  force: boolean;
  live?: KubeObject;
  applied: KubeObject;
  result?: KubeObject;
  error?: string;
}

const now = Date.parse('2024-01-01T00:00:00Z');

function infoOf({ apiVersion, kind }: { apiVersion: string; kind: string }): ResourceInfo {
  const info = findKind(apiVersion, kind);
  assert.ok(info, kind);
  return info;
}

/** Who owns what, without the times, and without the mark of objects that lists tell apart or an update brought. */
function ownersOf({ metadata }: KubeObject): unknown {
  const entries = metadata.managedFields ?? [];
  const owners = entries.map(({ manager, operation, fieldsV1 }: ManagedFieldsEntry) => ({
    manager,
    operation,
    fieldsV1,
  }));
  return owners.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function withoutOwners(object: KubeObject): unknown {
  return whatIsSet({ ...object, metadata: { ...object.metadata, managedFields: undefined } });
}

describe("contract: what Kubernetes' libraries make of the same", () => {
  readVectors<PatchVector>('patches').forEach((vector, at) => {
    it(`strategic merge patch ${at}, of ${vector.kind}`, () => {
      const { live, patch, result } = vector;
      const request = {
        type: 'strategic',
        info: infoOf(vector),
        body: patch,
        fieldManager: 'a',
        force: false,
      } as const;
      assert.deepEqual(whatIsSet(applyPatch(live, request, types, now)), whatIsSet(result));
    });
  });

  readVectors<ApplyVector>('applies').forEach(({ manager, force, live, applied, result, error }, at) => {
    it(`apply ${at}, of ${applied.kind}: ${error?.split('\n')[0] ?? 'done'}`, () => {
      const request = { type: 'apply', info: infoOf(applied), body: applied, fieldManager: manager, force } as const;
      const apply = (): KubeObject => applyPatch(live, request, types, now);
      if (result === undefined) return assert.throws(apply, { message: error });
      const made = apply();
      assert.deepEqual(withoutOwners(made), withoutOwners(result));
      assert.deepEqual(ownersOf(made), ownersOf(result));
    });
  });
});
