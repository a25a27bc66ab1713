import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeObject } from '../../shared/objects/decode.ts';
import { applyDefaults, withIdentity, withKept } from '../../shared/objects/defaults.ts';
import { resources } from '../../shared/objects/resources.ts';
import { typeNameOf } from '../../shared/objects/schema-table.ts';
import { unsupported } from '../../shared/objects/validation/unsupported.ts';
import { createCauses, updateCauses } from '../../shared/objects/validation/validate.ts';
import { anyOfType } from './schema-arbitrary.ts';

describe('object pipeline', () => {
  for (const info of resources) {
    it(`decodes, completes and judges any ${info.kind} without falling over`, function () {
      this.timeout(20_000);
      const bodies = anyOfType(typeNameOf(info));
      fc.assert(
        fc.property(bodies, bodies, (body, other) => {
          const complete = applyDefaults(info, decodeObject(info, body, 'Strict').object);
          const object = withIdentity(info, complete, 'a-uid');
          assert.deepEqual(applyDefaults(info, object), object);
          const causes = createCauses(info, object);
          assert.ok(causes.every(({ field, message }) => field !== undefined && message !== ''));
          // What was accepted once is accepted again as it is.
          const told = new Set(causes.map(({ field, message }) => `${field}: ${message}`));
          const again = updateCauses(info, object, object).map(({ field, message }) => `${field}: ${message}`);
          assert.deepEqual(
            again.filter((problem) => !told.has(problem)),
            [],
          );
          const old = applyDefaults(info, decodeObject(info, other, 'Strict').object);
          const kept = withKept(info, object, old);
          assert.deepEqual(withKept(info, kept, old), kept);
          assert.ok(Array.isArray(updateCauses(info, kept, old)));
          assert.ok(Array.isArray(unsupported(info, object)));
        }),
        { numRuns: 60 },
      );
    });
  }
});
