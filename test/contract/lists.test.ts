import assert from 'node:assert/strict';
import { ManualClock } from '../fakes/manual-clock.ts';
import { ApiHarness, type Json } from '../api/harness.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const forbidden = 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden';
const onlyNotOlder = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';

/** Options of lists and watches that exclude each other, with what is said of them. */
const excluded: [query: string, ...why: string[]][] = [
  ['resourceVersionMatch=Exact', `${forbidden} unless resourceVersion is provided`],
  ['resourceVersionMatch=NotOlderThan', `${forbidden} unless resourceVersion is provided`],
  [
    'resourceVersionMatch=Exact&resourceVersion=0',
    'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
  ],
  [
    'resourceVersionMatch=Newest&resourceVersion=1',
    'resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
  ],
  ['resourceVersionMatch=NotOlderThan&resourceVersion=0&continue=abc', `${forbidden} when continue is provided`],
  ['sendInitialEvents=true', 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'],
  ['sendInitialEvents=false', 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list'],
  ['watch=1&sendInitialEvents=true', `resourceVersionMatch: Forbidden: ${onlyNotOlder}`],
  ['watch=1&sendInitialEvents=false', `resourceVersionMatch: Forbidden: ${onlyNotOlder}`],
  [
    'watch=1&sendInitialEvents=true&resourceVersionMatch=Exact',
    `resourceVersionMatch: Forbidden: ${onlyNotOlder}`,
    'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
  ],
  [
    'watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=1',
    `${forbidden} for watch unless sendInitialEvents is provided`,
  ],
];

describe('contract: lists', () => {
  let api: ApiHarness;
  let clock: ManualClock;
  let version: number;

  before(async () => {
    clock = new ManualClock();
    api = await ApiHarness.start({ clock });
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const body = { metadata: { name, labels: { odd: String('ace'.includes(name)) } } };
      assert.equal((await api.call('POST', maps, { body })).code, 201);
    }
    version = (await list('')).metadata.resourceVersion;
  });
  after(() => api?.stop());

  async function list(query: string, code = 200, accept?: string): Promise<Json> {
    const answer = await api.call('GET', `${maps}?${query}`, { ...(accept && { headers: { accept } }) });
    assert.equal(answer.code, code, `${query}: ${answer.text}`);
    return answer.json;
  }
  const namesOf = (page: Json): string => page.items.map(({ metadata }: Json) => metadata.name).join('');
  const next = (page: Json): string => `continue=${encodeURIComponent(page.metadata.continue)}`;

  for (const [query, ...why] of excluded) {
    it(`refuse ${query}`, async () => {
      const { message, details } = await list(query, 422);
      const said = why.length === 1 ? why[0] : `[${why.join(', ')}]`;
      assert.equal(message, `ListOptions.meta.k8s.io "" is invalid: ${said}`);
      assert.equal(details.causes.length, why.length);
    });
  }

  it('take any version that is not in the future as at least that fresh', async () => {
    for (const query of [
      '',
      'resourceVersion=',
      'resourceVersion=0',
      'resourceVersion=1',
      `resourceVersion=${version}`,
      'resourceVersion=0&resourceVersionMatch=NotOlderThan',
      `resourceVersion=${version}&resourceVersionMatch=NotOlderThan`,
      `resourceVersion=${version}&resourceVersionMatch=Exact`,
    ]) {
      assert.equal(namesOf(await list(query)), 'abcde', query);
    }
  });

  it('answer 504 for a version in the future, 410 for one that is gone, 400 for none', async () => {
    const future = await list('resourceVersion=99999999', 504);
    assert.deepEqual([future.reason, future.details.causes[0].reason], ['Timeout', 'ResourceVersionTooLarge']);
    const gone = await list('resourceVersion=1&resourceVersionMatch=Exact', 410);
    assert.equal(gone.reason, 'Expired');
    await list('resourceVersion=new', 400);
    await list('limit=-1', 400);
  });

  it('come in pages of one version, whatever is written in between', async () => {
    const first = await list('limit=2');
    assert.deepEqual([namesOf(first), first.metadata.remainingItemCount], ['ab', 3]);
    await api.call('POST', maps, { body: { metadata: { name: 'bb' } } });
    await api.call('DELETE', `${maps}/d`);
    const second = await list(`limit=2&${next(first)}`);
    assert.deepEqual([namesOf(second), second.metadata.remainingItemCount], ['cd', 1]);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    const last = await list(`limit=2&${next(second)}`);
    assert.deepEqual(
      [namesOf(last), last.metadata.continue, last.metadata.remainingItemCount],
      ['e', undefined, undefined],
    );
    assert.equal(namesOf(await list(`resourceVersion=0&${next(first)}`)), 'cde', 'a page without limit is the rest');
    await api.call('DELETE', `${maps}/bb`);
    await api.call('POST', maps, { body: { metadata: { name: 'd', labels: { odd: 'false' } } } });
  });

  it('count what remains only without selectors', async () => {
    const page = await list('limit=1&labelSelector=odd%3Dtrue');
    assert.equal(namesOf(page), 'a');
    assert.equal(page.metadata.remainingItemCount, undefined);
    assert.equal(namesOf(await list(`labelSelector=odd%3Dtrue&${next(page)}`)), 'ce');
    const byField = await list('limit=1&fieldSelector=metadata.name!%3Da');
    assert.equal(byField.metadata.remainingItemCount, undefined);
  });

  it('refuse a token with a version, that is none, or of another list, and tell when it is too old', async () => {
    const page = await list('limit=1');
    const { message } = await list(`resourceVersion=5&${next(page)}`, 400);
    assert.equal(message, 'specifying resource version is not allowed when using continue');
    await list('continue=%21%21', 400);
    await list(`labelSelector=a&${next(page)}`, 400);
    await clock.advance(301_000);
    const expired = await list(next(page), 410);
    assert.deepEqual([expired.reason, expired.code], ['Expired', 410]);
  });

  it('come as Tables of their page, with as much of each object as is asked for', async () => {
    const page = await list('limit=2', 200, table);
    assert.equal(page.kind, 'Table');
    assert.ok(page.metadata.continue);
    assert.equal(page.metadata.remainingItemCount, 3);
    assert.deepEqual(Object.keys(page.rows[0].object).sort(), ['apiVersion', 'kind', 'metadata']);
    assert.equal(page.rows[0].object.kind, 'PartialObjectMetadata');
    const whole = await list('limit=1&includeObject=Object', 200, table);
    assert.deepEqual([whole.rows[0].object.kind, whole.rows[0].object.apiVersion], ['ConfigMap', 'v1']);
    const none = await list('limit=1&includeObject=None', 200, table);
    assert.equal(none.rows[0].object, undefined);
    assert.equal(none.rows[0].cells[0], 'a');
  });
});
