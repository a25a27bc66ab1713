import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers';
import fc from 'fast-check';
import { encode } from '../../controller/api/http/encoding.ts';

const plain = { headers: {}, url: '/api' };

describe('answers in JSON', () => {
  it('say the same, written at once or element by element', async () => {
    const elements = fc.array(fc.jsonValue(), { maxLength: 5 });
    const bodies = fc.record(
      { kind: fc.string(), metadata: fc.jsonValue(), items: elements, rows: elements },
      { requiredKeys: [], noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const { body: bytes, contentType } = await encode(body, plain);
        const text = bytes.toString();
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(body)));
        assert.deepEqual([text.at(-1), text.indexOf('\n'), contentType], ['\n', text.length - 1, 'application/json']);
      }),
    );
  });

  for (const name of ['items', 'rows']) {
    it(`let others have their turn while a long list is written: ${name}`, async () => {
      let turns = 0;
      let isOver = false;
      const count = (): void => {
        turns += 1;
        if (!isOver) setImmediate(count);
      };
      const body = {
        kind: 'List',
        [name]: Array.from({ length: 12 }, (_, at) => ({ at, text: 'x'.repeat(1_100_000) })),
      };
      setImmediate(count);
      const { body: bytes } = await encode(body, plain);
      isOver = true;
      assert.ok(turns >= 10, `${turns} turns`);
      assert.deepEqual(JSON.parse(bytes.toString()), body);
    });
  }
});
