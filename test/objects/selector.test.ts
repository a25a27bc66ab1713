import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasReason } from '../../shared/errors.ts';
import {
  formatLabelSelector,
  matchesLabels,
  parseLabelSelector,
  selects,
  type Requirement,
} from '../../shared/objects/selector.ts';

const labels = { app: 'web', tier: 'front', 'example.com/track': 'stable', size: '10', empty: '' };

const key = fc.constantFrom('app', 'tier', 'example.com/track', 'a-b_c.d', 'size');
const value = fc.constantFrom('', 'web', 'front', 'A.b-c_1', '10');
const plain = { noNullPrototype: true };
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record(
    {
      key,
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.uniqueArray(value, { minLength: 1, maxLength: 3 }),
    },
    plain,
  ),
  fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist'), values: fc.constant([]) }, plain),
  fc.record({ key, operator: fc.constantFrom('Gt', 'Lt'), values: fc.nat().map((bound) => [String(bound)]) }, plain),
);

describe('label selector', () => {
  it('selects by every operator', () => {
    const matching = [
      '',
      'app=web',
      'app==web',
      ' app = web , tier = front ',
      'app!=db',
      'missing!=x',
      'app in (web,db)',
      'app in ( db , web )',
      'app notin (db)',
      'missing notin (db)',
      'app',
      '!missing',
      'example.com/track=stable',
      'size>9',
      'size<11',
      'empty=',
      'empty in ()',
      'empty in (,x)',
    ];
    for (const text of matching) assert.ok(matchesLabels(parseLabelSelector(text), labels), text);
    const other = ['app=db', 'app!=web', 'missing', '!app', 'app in (db)', 'app notin (web)', 'size>10', 'app>1'];
    for (const text of other) assert.ok(!matchesLabels(parseLabelSelector(text), labels), text);
  });

  it('does not take inherited names for labels', () => {
    assert.ok(!matchesLabels(parseLabelSelector('constructor'), {}));
  });

  it('refuses what it cannot read', () => {
    const broken = ['=', 'a=b,', ',a', 'a in', 'a in (b', 'a in b', 'a b', 'a=b c', '!', 'a>x', '-a', 'a=/', 'a/b/c=d'];
    for (const text of [...broken, 'x'.repeat(64), `a=${'x'.repeat(64)}`]) {
      assert.throws(
        () => parseLabelSelector(text),
        (error) => hasReason(error, 'BadRequest') && /^(unable to parse requirement: |found ')/.test(error.message),
        text,
      );
    }
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), (requirements) => {
        assert.deepEqual(parseLabelSelector(formatLabelSelector(requirements)), requirements);
      }),
    );
  });

  it('never throws anything but BadRequest, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '=', '!', ',', '(', ')', '<', '>', ' ', ' in ', '/', '.', '-') }),
        (text) => {
          try {
            parseLabelSelector(text);
          } catch (error) {
            assert.ok(hasReason(error, 'BadRequest'));
          }
        },
      ),
    );
  });

  it('selects nothing when absent and everything when empty', () => {
    assert.ok(!selects(undefined, labels));
    assert.ok(selects({}, labels));
    assert.ok(selects({ matchLabels: { app: 'web' } }, labels));
    assert.ok(!selects({ matchLabels: { app: 'web' }, matchExpressions: [{ key: 'x', operator: 'Exists' }] }, labels));
    assert.ok(selects({ matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] }, labels));
  });
});
