import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasReason } from '../../shared/errors.ts';
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  milliOf,
  parseQuantity,
  readQuantity,
  unitsOf,
} from '../../shared/objects/quantity.ts';

const canonical = (text: string): string => formatQuantity(parseQuantity(text));

const number = fc.tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.option(fc.nat(999), { nil: undefined }));
const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'E2', 'e-3');
const quantityText = fc
  .tuple(number, suffix)
  .map(([[whole, fraction], unit]) => `${whole}${fraction === undefined ? '' : `.${fraction}`}${unit}`);

describe('quantity', () => {
  it('prints the canonical form', () => {
    const cases: Record<string, string> = {
      '0': '0',
      '0Gi': '0',
      '-0': '0',
      '1': '1',
      '+1': '1',
      '1.': '1',
      '.5': '500m',
      '0.5': '500m',
      '1.0': '1',
      '1000m': '1',
      '1500m': '1500m',
      '1000': '1k',
      '1001': '1001',
      '1024Mi': '1Gi',
      '1.5Gi': '1536Mi',
      '1023Ki': '1023Ki',
      '0.1Gi': '107374182400m',
      '0.5Ki': '512',
      '1e3': '1e3',
      '1E3': '1e3',
      '1E': '1E',
      '100e-3': '100e-3',
      '0.1n': '1n',
      '1000000000n': '1',
      '-2.5': '-2500m',
      '64Mi': '64Mi',
      '9Ei': '9223372036854775807',
      '1e999999999': '9223372036854775807e0',
    };
    for (const [text, expected] of Object.entries(cases)) {
      assert.equal(canonical(text), expected.replace('e0', ''), text);
    }
  });

  it('refuses what is no quantity', () => {
    for (const text of ['', ' ', 'a', '1 Gi', '1gi', '1K', '1KI', '1i', '--1', '1e', '1e+', '1.2.3', '1Mi ', '0x1']) {
      assert.equal(readQuantity(text), undefined, text);
      assert.throws(
        () => parseQuantity(text),
        (error) => hasReason(error, 'BadRequest'),
      );
    }
  });

  it('takes hostile sizes in no time', () => {
    assert.equal(readQuantity('9'.repeat(1_000_000)), undefined);
    assert.equal(canonical(`1e-${'9'.repeat(20)}`), '1e-9');
    assert.equal(canonical(`0e${'9'.repeat(20)}`), '0');
  });

  it('counts units and thousandths, rounded up', () => {
    assert.equal(milliOf(parseQuantity('0.0005')), 1);
    assert.equal(milliOf(parseQuantity('2')), 2000);
    assert.equal(unitsOf(parseQuantity('1500m')), 2);
    assert.equal(unitsOf(parseQuantity('1Gi')), 2 ** 30);
  });

  it('keeps the amount when printed and read again, and prints it the same', () => {
    fc.assert(
      fc.property(quantityText, (text) => {
        const quantity = parseQuantity(text);
        const again = parseQuantity(formatQuantity(quantity));
        assert.equal(again.nano, quantity.nano);
        assert.equal(formatQuantity(again), formatQuantity(quantity));
      }),
    );
  });

  it('never prints a fraction or a zero that the suffix could carry', () => {
    fc.assert(
      fc.property(quantityText, (text) => {
        const printed = canonical(text);
        assert.match(printed, /^(0|-?[1-9][0-9]*([numkMGTPE]|[KMGTPE]i|e-?[0-9]+)?)$/);
        if (!/[eP]/.test(printed)) assert.doesNotMatch(printed, /000[^i]?$/);
      }),
    );
  });

  it('orders and adds like the numbers it stands for', () => {
    fc.assert(
      fc.property(quantityText, quantityText, (left, right) => {
        const [a, b] = [parseQuantity(left), parseQuantity(right)];
        assert.equal(Math.sign(compareQuantities(a, b)), a.nano < b.nano ? -1 : Number(a.nano > b.nano));
        assert.equal(addQuantities(a, b).nano, a.nano + b.nano);
        assert.equal(compareQuantities(addQuantities(a, b), addQuantities(b, a)), 0);
      }),
    );
  });
});
