import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../api/harness.ts';

const core = '/api/v1/namespaces/default';
const merge = { 'content-type': 'application/merge-patch+json' };
const container = { name: 'c', image: 'i:1' };

/** Label selectors, and which of the objects below they find. */
const byLabel: [selector: string, found: string][] = [
  ['tier=web', 'ab'],
  ['tier==web', 'ab'],
  ['tier!=web', 'cd'],
  ['tier in (web,db)', 'abc'],
  ['tier in (web)', 'ab'],
  ['tier notin (web)', 'cd'],
  ['tier', 'abc'],
  ['!tier', 'd'],
  ['tier=web,size=big', 'a'],
  ['tier,!size', 'bc'],
  ['tier=', ''],
  ['size in (,big)', 'a'],
  ['size>1', ''],
  ['example.com/n>1', 'b'],
  ['example.com/n<5', 'b'],
  [' tier = web , size = big ', 'a'],
];

const key = "name part must consist of alphanumeric characters, '-', '_' or '.'";
const value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'";
/** With the beginning of what kube-apiserver answers. */
const noLabelSelector: [string, string][] = [
  ['tier=web,', "found '', expected: identifier after ','"],
  [',tier', "found ',', expected: !, identifier, or 'end of string'"],
  ['tier in web', "unable to parse requirement: found 'web' expected: '('"],
  ['tier in (web', "unable to parse requirement: found '', expected: ',' or ')'"],
  ['tier in (web,!', "unable to parse requirement: found '!', expected: ',', or identifier"],
  ['tier in (=', "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
  ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ['=web', "found '=', expected: !, identifier, or 'end of string'"],
  ['-a=b', `unable to parse requirement: <nil>: Invalid value: "-a": ${key}`],
  ['a=-b', `unable to parse requirement: values[0][a]: Invalid value: "-b": ${value}`],
  ['n>x', `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be`],
  ['n>-1', `unable to parse requirement: values[0][n]: Invalid value: "-1": ${value}`],
  ['n>-', `unable to parse requirement: [values[0]: Invalid value: "-": for 'Gt', 'Lt' operators, the value must be`],
  ['a=b=c', "found '=', expected: ',' or 'end of string'"],
  ['!', "unable to parse requirement: found '', expected: identifier"],
  ['!a=b', "found '=', expected: ',' or 'end of string'"],
  ['a/b/c', `unable to parse requirement: <nil>: Invalid value: "a/b/c": a qualified name must consist of`],
  ['A/b', `unable to parse requirement: <nil>: Invalid value: "A/b": prefix part a lowercase RFC 1123 subdomain must`],
];

interface FieldRow {
  collection: string;
  /** Two objects without their names, which are `one` and `two`; their statuses are written afterwards. */
  objects: [object, object];
  /** Selectors that find only the first. */
  finds: string[];
}

const pod = (spec: object): object => ({ spec: { containers: [container], ...spec } });
const event = (name: string, more: object): object => ({
  involvedObject: {
    kind: 'Pod',
    namespace: 'default',
    name,
    uid: `u-${name}`,
    apiVersion: 'v1',
    fieldPath: `spec.${name}`,
  },
  ...more,
});
const job = { spec: { template: pod({ restartPolicy: 'Never' }) } };

const byField: FieldRow[] = [
  {
    collection: `${core}/pods`,
    objects: [
      {
        ...pod({ nodeName: 'n-1', restartPolicy: 'Never', serviceAccountName: 'robot', schedulerName: 'mine' }),
        status: { phase: 'Running', podIP: '192.0.2.1' },
      },
      { ...pod({}), status: { phase: 'Failed', podIP: '192.0.2.2' } },
    ],
    finds: [
      'spec.nodeName=n-1',
      'spec.nodeName!=',
      'status.phase=Running',
      'status.phase==Running',
      'status.phase!=Failed',
      'status.podIP=192.0.2.1',
      'spec.restartPolicy=Never',
      'spec.serviceAccountName=robot',
      'spec.schedulerName=mine',
      'status.phase=Running,spec.nodeName=n-1',
      'metadata.name=one',
      'metadata.namespace=default,metadata.name!=two',
    ],
  },
  {
    collection: `${core}/events`,
    objects: [
      event('p', { reason: 'Started', type: 'Normal', source: { component: 'here' } }),
      event('q', { reason: 'Failed', type: 'Warning', source: { component: 'there' } }),
    ],
    finds: [
      'involvedObject.name=p',
      'involvedObject.kind=Pod,involvedObject.name!=q',
      'involvedObject.uid=u-p',
      'involvedObject.fieldPath=spec.p',
      'involvedObject.apiVersion=v1,involvedObject.namespace=default,reason=Started',
      'type=Normal',
      'type!=Warning',
      'source=here',
    ],
  },
  {
    collection: `${core}/secrets`,
    objects: [{ type: 'example.com/a' }, { type: 'Opaque' }],
    finds: ['type=example.com/a', 'type!=Opaque,metadata.name=one'],
  },
  {
    collection: '/api/v1/nodes',
    objects: [{ spec: { unschedulable: true } }, {}],
    finds: ['spec.unschedulable=true', 'spec.unschedulable!=false'],
  },
  {
    collection: '/apis/batch/v1/namespaces/default/jobs',
    objects: [{ ...job, status: { succeeded: 1 } }, job],
    finds: ['status.successful=1', 'status.successful!=0'],
  },
];

/** Fields that nobody can select by, with what is said of them. */
const noField: [path: string, selector: string, why: RegExp][] = [
  [`${core}/pods`, 'spec.hostname=a', /^field label not supported: spec\.hostname$/],
  [
    `${core}/configmaps`,
    'data.a=1',
    /"data\.a" is not a known field selector: only "metadata\.name", "metadata\.namespace"$/,
  ],
  ['/apis/batch/v1/namespaces/default/jobs', 'spec.a=1', /^field label "spec\.a" not supported for batchv1\.Job$/],
  [`${core}/pods`, 'metadata.name', /^invalid selector: 'metadata\.name'; can't understand 'metadata\.name'$/],
];

describe('contract: selectors', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
    const labels: Record<string, object> = {
      a: { tier: 'web', size: 'big' },
      b: { tier: 'web', 'example.com/n': '3' },
      c: { tier: 'db' },
      d: {},
    };
    for (const [name, each] of Object.entries(labels))
      await make(`${core}/configmaps`, name, { metadata: { labels: each } });
    for (const { collection, objects } of byField) {
      await make(collection, 'one', objects[0]);
      await make(collection, 'two', objects[1]);
    }
  });
  after(() => api?.stop());

  async function make(collection: string, name: string, object: object): Promise<void> {
    const { metadata = {}, status } = object as { metadata?: object; status?: object };
    const answer = await api.call('POST', collection, { body: { ...object, metadata: { name, ...metadata } } });
    assert.equal(answer.code, 201, answer.text);
    if (status === undefined) return;
    const path = `${collection}/${name}/status`;
    const written = await api.call('PATCH', path, { body: { status }, headers: merge });
    assert.equal(written.code, 200, written.text);
  }

  async function find(collection: string, kind: string, selector: string, code = 200): Promise<Json> {
    const answer = await api.call('GET', `${collection}?${kind}=${encodeURIComponent(selector)}`);
    assert.equal(answer.code, code, `${selector}: ${answer.text}`);
    return answer.json;
  }
  const namesOf = (found: Json): string[] => found.items.map(({ metadata }: Json) => metadata.name);

  for (const [selector, found] of byLabel) {
    it(`by label: ${selector}`, async () => {
      assert.equal(namesOf(await find(`${core}/configmaps`, 'labelSelector', selector)).join(''), found);
    });
  }

  for (const [selector, why] of noLabelSelector) {
    it(`no selector: ${selector}`, async () => {
      const { reason, message } = await find(`${core}/configmaps`, 'labelSelector', selector, 400);
      assert.equal(reason, 'BadRequest');
      assert.ok(message.startsWith(why), message);
    });
  }

  for (const { collection, finds } of byField) {
    for (const selector of finds) {
      it(`by field: ${collection.split('/').at(-1)} ${selector}`, async () => {
        assert.deepEqual(namesOf(await find(collection, 'fieldSelector', selector)), ['one']);
      });
    }
  }

  for (const [path, selector, why] of noField) {
    it(`no field: ${selector}`, async () => {
      assert.match((await find(path, 'fieldSelector', selector, 400)).message, why);
      await find(path, 'watch=1&fieldSelector', selector, 400);
    });
  }

  it('of namespaces go by phase', async () => {
    const found = await find('/api/v1/namespaces', 'fieldSelector', 'status.phase!=Active');
    assert.deepEqual(namesOf(found), []);
    const active = await find('/api/v1/namespaces', 'fieldSelector', 'status.phase=Active');
    assert.ok(namesOf(active).includes('kube-system'));
  });
});
