import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { ApiHarness, type CallOptions } from './harness.ts';
import { configMapManifest, deploymentManifest, podManifest } from './manifests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const type = (contentType: string): { headers: Record<string, string> } => ({
  headers: { 'content-type': contentType },
});
const merge = type('application/merge-patch+json');
const json = type('application/json-patch+json');
const strategic = type('application/strategic-merge-patch+json');
const apply = type('application/apply-patch+yaml');
const map = (metadata: object, rest: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata,
  ...rest,
});
const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + close.repeat(depth);
const alias = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
  .split('')
  .map((key, at) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(',')}]`)
  .join('\n')}\n`;

type Row = [name: string, method: string, path: string, options: CallOptions];

/** Requests that must be refused as the client's fault. `seed` is a ConfigMap that exists. */
const refused: Row[] = [
  ['no body', 'POST', maps, {}],
  ['empty body', 'POST', maps, { body: '' }],
  ['broken JSON', 'POST', maps, { body: '{"kind":' }],
  ['two JSON values', 'POST', maps, { body: '{}{}' }],
  ['not UTF-8', 'POST', maps, { body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) }],
  ['NUL bytes', 'POST', maps, { body: '\0\0\0\0' }],
  ['JSON null', 'POST', maps, { body: 'null' }],
  ['JSON number', 'POST', maps, { body: '17' }],
  ['JSON array', 'POST', maps, { body: '[]' }],
  ['JSON text', 'POST', maps, { body: '"ConfigMap"' }],
  ['another kind', 'POST', maps, { body: { ...map({ name: 'x' }), kind: 'Secret' } }],
  ['another version', 'POST', maps, { body: { ...map({ name: 'x' }), apiVersion: 'v2' } }],
  ['kind of a wrong type', 'POST', maps, { body: { ...map({ name: 'x' }), kind: 7 } }],
  ['no metadata', 'POST', maps, { body: { apiVersion: 'v1', kind: 'ConfigMap' } }],
  ['metadata of a wrong type', 'POST', maps, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: 'x' } }],
  ['metadata that is a list', 'POST', maps, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: [] } }],
  ['no name', 'POST', maps, { body: map({}) }],
  ['name of a wrong type', 'POST', maps, { body: map({ name: 5 }) }],
  ['name with a slash', 'POST', maps, { body: map({ name: '../../etc' }) }],
  ['name with NUL', 'POST', maps, { body: map({ name: 'a\0b' }) }],
  ['name with a newline', 'POST', maps, { body: map({ name: 'a\nb' }) }],
  ['name too long', 'POST', maps, { body: map({ name: 'a'.repeat(300) }) }],
  ['name in capitals', 'POST', maps, { body: map({ name: 'Upper' }) }],
  ['generateName that makes no name', 'POST', maps, { body: map({ generateName: '__proto__' }) }],
  ['labels of a wrong type', 'POST', maps, { body: map({ name: 'x', labels: ['a'] }) }],
  ['label value of a wrong type', 'POST', maps, { body: map({ name: 'x', labels: { a: 1 } }) }],
  ['label key that is none', 'POST', maps, { body: map({ name: 'x', labels: { 'a b': 'c' } }) }],
  ['label value too long', 'POST', maps, { body: map({ name: 'x', labels: { a: 'b'.repeat(64) } }) }],
  ['annotations of a wrong type', 'POST', maps, { body: map({ name: 'x', annotations: { a: {} } }) }],
  ['finalizers of a wrong type', 'POST', maps, { body: map({ name: 'x', finalizers: { a: 1 } }) }],
  ['owners of a wrong type', 'POST', maps, { body: map({ name: 'x', ownerReferences: 'me' }) }],
  ['data of a wrong type', 'POST', maps, { body: map({ name: 'x' }, { data: 'abc' }) }],
  ['data value of a wrong type', 'POST', maps, { body: map({ name: 'x' }, { data: { a: { b: 1 } } }) }],
  ['data key that is a path', 'POST', maps, { body: map({ name: 'x' }, { data: { '../x': 'y' } }) }],
  ['binaryData that is no base64', 'POST', maps, { body: map({ name: 'x' }, { binaryData: { a: '***' } }) }],
  ['unknown field, strict', 'POST', `${maps}?fieldValidation=Strict`, { body: map({ name: 'x' }, { spec: 1 }) }],
  [
    'doubled field, strict',
    'POST',
    `${maps}?fieldValidation=Strict`,
    { body: '{"apiVersion":"v1","kind":"ConfigMap","kind":"ConfigMap","metadata":{"name":"x"}}' },
  ],
  ['unknown fieldValidation', 'POST', `${maps}?fieldValidation=Maybe`, { body: map({ name: 'x' }) }],
  ['unknown dryRun', 'POST', `${maps}?dryRun=Some`, { body: map({ name: 'x' }) }],
  ['fieldManager with control characters', 'POST', `${maps}?fieldManager=a%0ab`, { body: map({ name: 'x' }) }],
  ['fieldManager too long', 'POST', `${maps}?fieldManager=${'m'.repeat(200)}`, { body: map({ name: 'x' }) }],
  ['resourceVersion on create', 'POST', maps, { body: map({ name: 'x', resourceVersion: '1' }) }],
  ['nesting of lists', 'POST', maps, { body: nested('[', ']', 100_000) }],
  ['nesting of objects', 'POST', maps, { body: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}` }],
  ['nesting in YAML', 'POST', maps, { body: nested('[', ']', 20_000), ...type('application/yaml') }],
  ['YAML aliases that multiply', 'POST', maps, { body: alias, ...type('application/yaml') }],
  ['YAML that is none', 'POST', maps, { body: 'a: b: c: [', ...type('application/yaml') }],
  ['several YAML documents', 'POST', maps, { body: 'a: 1\n---\nb: 2\n', ...type('application/yaml') }],
  [
    'protobuf without its envelope',
    'POST',
    maps,
    { body: Buffer.from([1, 2, 3]), ...type('application/vnd.kubernetes.protobuf') },
  ],
  [
    'protobuf cut off',
    'POST',
    maps,
    {
      body: Buffer.from([0x6b, 0x38, 0x73, 0, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]),
      ...type('application/vnd.kubernetes.protobuf'),
    },
  ],
  ['unknown media type', 'POST', maps, { body: 'x=1', ...type('application/x-www-form-urlencoded') }],
  ['patch media type on POST', 'POST', maps, { body: {}, ...merge }],
  [
    'compressed body',
    'POST',
    maps,
    { body: 'x', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
  ],
  ['body of 4 MiB', 'POST', maps, { body: map({ name: 'x' }, { data: { a: 'x'.repeat(4 * 1024 * 1024) } }) }],
  ['object of 2 MiB', 'POST', maps, { body: map({ name: 'x' }, { data: { a: 'x'.repeat(2 * 1024 * 1024) } }) }],
  ['pod without containers', 'POST', pods, { body: { ...podManifest('x'), spec: {} } }],
  ['containers of a wrong type', 'POST', pods, { body: { ...podManifest('x'), spec: { containers: {} } } }],
  ['container that is null', 'POST', pods, { body: { ...podManifest('x'), spec: { containers: [null] } } }],
  ['negative replicas', 'POST', deployments, { body: deploymentManifest('x', -1) }],
  ['replicas as text', 'POST', deployments, { body: { ...deploymentManifest('x'), spec: { replicas: 'many' } } }],
  ['fractional replicas', 'POST', deployments, { body: deploymentManifest('x', 1.5) }],
  ['huge replicas', 'POST', deployments, { body: deploymentManifest('x', 1e300) }],
  ['merge patch that is no object', 'PATCH', `${maps}/seed`, { body: '[]', ...merge }],
  ['merge patch that is null', 'PATCH', `${maps}/seed`, { body: 'null', ...merge }],
  ['merge patch of the kind', 'PATCH', `${maps}/seed`, { body: { kind: 'Secret' }, ...merge }],
  ['merge patch of the name', 'PATCH', `${maps}/seed`, { body: { metadata: { name: 'other' } }, ...merge }],
  ['merge patch of the namespace', 'PATCH', `${maps}/seed`, { body: { metadata: { namespace: 'other' } }, ...merge }],
  ['merge patch that removes metadata', 'PATCH', `${maps}/seed`, { body: { metadata: 'x' }, ...merge }],
  ['merge patch, broken', 'PATCH', `${maps}/seed`, { body: '{', ...merge }],
  [
    'merge patch, nested',
    'PATCH',
    `${maps}/seed`,
    { body: `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`, ...merge },
  ],
  ['JSON patch that is no list', 'PATCH', `${maps}/seed`, { body: {}, ...json }],
  ['JSON patch of an unknown operation', 'PATCH', `${maps}/seed`, { body: [{ op: 'steal', path: '/data' }], ...json }],
  ['JSON patch without a path', 'PATCH', `${maps}/seed`, { body: [{ op: 'add', value: 1 }], ...json }],
  [
    'JSON patch into nowhere',
    'PATCH',
    `${maps}/seed`,
    { body: [{ op: 'replace', path: '/a/b/c', value: 1 }], ...json },
  ],
  [
    'JSON patch with a failing test',
    'PATCH',
    `${maps}/seed`,
    { body: [{ op: 'test', path: '/data/k', value: 'no' }], ...json },
  ],
  [
    'JSON patch of the prototype',
    'PATCH',
    `${maps}/seed`,
    { body: [{ op: 'add', path: '/__proto__/polluted', value: 1 }], ...json },
  ],
  ['JSON patch that removes everything', 'PATCH', `${maps}/seed`, { body: [{ op: 'remove', path: '' }], ...json }],
  [
    'JSON patch that replaces everything',
    'PATCH',
    `${maps}/seed`,
    { body: [{ op: 'replace', path: '', value: 3 }], ...json },
  ],
  ['JSON patch of null entries', 'PATCH', `${maps}/seed`, { body: [null], ...json }],
  ['strategic patch of a wrong type', 'PATCH', `${maps}/seed`, { body: { data: [1] }, ...strategic }],
  [
    'strategic patch with an unknown directive',
    'PATCH',
    `${maps}/seed`,
    { body: { data: { $patch: 'explode' } }, ...strategic },
  ],
  ['apply without a manager', 'PATCH', `${maps}/seed`, { body: configMapManifest('seed'), ...apply }],
  [
    'apply of managedFields',
    'PATCH',
    `${maps}/seed?fieldManager=m`,
    { body: map({ name: 'seed', managedFields: [{ manager: 'x' }] }), ...apply },
  ],
  ['apply of another kind', 'PATCH', `${maps}/seed?fieldManager=m`, { body: podManifest('seed'), ...apply }],
  ['apply that is no object', 'PATCH', `${maps}/seed?fieldManager=m`, { body: '- a\n', ...apply }],
  ['unknown patch type', 'PATCH', `${maps}/seed`, { body: {}, ...type('application/json') }],
  ['patch of a collection', 'PATCH', maps, { body: {}, ...merge }],
  ['PUT of a collection', 'PUT', maps, { body: {} }],
  ['POST of an object', 'POST', `${maps}/seed`, { body: {} }],
  ['PUT under another name', 'PUT', `${maps}/seed`, { body: configMapManifest('other') }],
  ['PUT with a version that is none', 'PUT', `${maps}/seed`, { body: map({ name: 'seed', resourceVersion: 'abc' }) }],
  ['PUT of nothing there', 'PUT', `${maps}/absent`, { body: configMapManifest('absent') }],
  ['HEAD', 'HEAD', `${maps}/seed`, {}],
  ['TRACE', 'TRACE', maps, {}],
  ['bad label selector', 'GET', `${maps}?labelSelector=%28%28`, {}],
  ['label selector with an open list', 'GET', `${maps}?labelSelector=a+in+(b`, {}],
  ['unknown field selector', 'GET', `${maps}?fieldSelector=data.k%3Dv`, {}],
  ['field selector of the prototype', 'GET', `${maps}?fieldSelector=__proto__%3Dv`, {}],
  ['bad continue', 'GET', `${maps}?continue=AAAA`, {}],
  ['forged continue', 'GET', `${maps}?continue=${Buffer.from('["x",1]').toString('base64url')}`, {}],
  [
    'continue that is a prototype',
    'GET',
    `${maps}?continue=${Buffer.from('["__proto__",1]').toString('base64url')}`,
    {},
  ],
  ['negative limit', 'GET', `${maps}?limit=-1`, {}],
  ['limit that is no number', 'GET', `${maps}?limit=ten`, {}],
  ['version that is none', 'GET', `${maps}?resourceVersion=1e9`, {}],
  ['negative version', 'GET', `${maps}?resourceVersion=-5`, {}],
  ['unknown version match', 'GET', `${maps}?resourceVersion=1&resourceVersionMatch=Sometimes`, {}],
  ['watch with a bad timeout', 'GET', `${maps}?watch=true&timeoutSeconds=soon`, {}],
  ['watch with a bad selector', 'GET', `${maps}?watch=true&labelSelector=%3D%3D`, {}],
  ['watch with a bad version', 'GET', `${maps}?watch=true&resourceVersion=x`, {}],
  ['Accept of another format', 'GET', maps, { headers: { accept: 'image/png' } }],
  ['undecodable path', 'GET', '/api/v1/namespaces/%ff/pods', {}],
  ['half an escape in the path', 'GET', '/api/v1/namespaces/%e0%a4/pods', {}],
  ['NUL in the path', 'GET', '/api/v1/namespaces/a%00b/pods', {}],
  ['a slash hidden in a name', 'GET', `${maps}/..%2Fsecrets`, {}],
  ['a name that is two dots', 'GET', `${maps}/..`, {}],
  ['unknown subresource', 'GET', `${pods}/x/__proto__`, {}],
  ['a name from the prototype', 'GET', `${maps}/constructor`, {}],
  ['log of no pod', 'GET', `${pods}/absent/log`, {}],
  ['exec without upgrade', 'POST', `${pods}/bound/exec?command=ls&stdout=1`, {}],
  ['exec in no pod', 'GET', `${pods}/absent/exec?command=ls&stdout=1`, {}],
  ['exec without a command', 'GET', `${pods}/bound/exec?stdout=1`, {}],
  ['log with a bad number', 'GET', `${pods}/bound/log?tailLines=-3`, {}],
  ['log with a bad time', 'GET', `${pods}/bound/log?sinceTime=yesterday`, {}],
  ['log of no container', 'GET', `${pods}/bound/log?container=nope`, {}],
  ['binding to nothing', 'POST', `${pods}/bound/binding`, { body: { target: {} } }],
  ['binding of a wrong type', 'POST', `${pods}/bound/binding`, { body: { target: 'n1' } }],
  ['scale of a wrong type', 'PUT', `${deployments}/seed/scale`, { body: { spec: { replicas: 'all' } } }],
  ['delete with a bad policy', 'DELETE', `${maps}/seed`, { body: { propagationPolicy: 'Sideways' } }],
  ['delete with a bad grace', 'DELETE', `${maps}/seed`, { body: { gracePeriodSeconds: 'x' } }],
  ['delete with a negative grace', 'DELETE', `${maps}/seed`, { body: { gracePeriodSeconds: -1 } }],
  ['delete with a broken body', 'DELETE', `${maps}/seed`, { body: '{{' }],
  ['delete with a wrong uid', 'DELETE', `${maps}/seed`, { body: { preconditions: { uid: 'x' } } }],
  ['delete of a collection by a bad selector', 'DELETE', `${maps}?labelSelector=a%3D%3D%3Db`, {}],
];

describe('hostile requests', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
  });
  beforeEach(async () => {
    const seeds = [
      [maps, configMapManifest('seed', { k: 'v' })],
      [pods, podManifest('bound')],
      [deployments, deploymentManifest('seed')],
    ] as const;
    for (const [path, body] of seeds) await api.call('POST', path, { body });
  });
  after(() => api.stop());

  const stillServes = async (version: number): Promise<void> => {
    assert.equal(api.store.version, version, 'something was stored');
    assert.equal((await api.call('GET', `${maps}/seed`)).code, 200);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  };

  for (const [name, method, path, options] of refused) {
    it(`are refused: ${name}`, async () => {
      const { version } = api.store;
      const { code, json, text } = await api.call(method, path, options);
      assert.ok(code >= 400 && code < 500, `${code}: ${text.slice(0, 300)}`);
      if (method !== 'HEAD') {
        assert.equal(json?.kind, 'Status', text.slice(0, 300));
        assert.equal(json.code, code);
        assert.ok(json.reason && json.message);
      }
      await stillServes(version);
    });
  }

  it('are many enough', () => assert.ok(refused.length >= 60));

  describe('on the wire', () => {
    const dial = async (): Promise<{ socket: TLSSocket; plain: Socket }> => {
      const plain = connectPlain(api.port, '127.0.0.1');
      const socket = connect({ socket: plain, host: '127.0.0.1', ca: api.pki.authority });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return { socket, plain };
    };
    const exchange = async (text: string | Uint8Array): Promise<string> => {
      const { socket } = await dial();
      let received = '';
      socket.on('data', (data: Buffer) => (received += data.toString('latin1')));
      socket.write(text);
      await once(socket, 'close');
      return received;
    };
    const auth = `Host: x\r\nAuthorization: Bearer test-token\r\n`;
    const closing = `${auth}Connection: close\r\n`;

    const rows: [string, string | Uint8Array, RegExp | undefined][] = [
      ['noise', Buffer.from([0, 1, 2, 3, 255, 254]), /^HTTP\/1\.1 400 /],
      ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^HTTP\/1\.1 400 /],
      [
        'both lengths',
        `POST ${maps} HTTP/1.1\r\n${auth}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        /^HTTP\/1\.1 400 /,
      ],
      [
        'two lengths',
        `POST ${maps} HTTP/1.1\r\n${auth}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
        /^HTTP\/1\.1 400 /,
      ],
      ['a negative length', `POST ${maps} HTTP/1.1\r\n${auth}Content-Length: -1\r\n\r\n`, /^HTTP\/1\.1 400 /],
      [
        'a broken chunk',
        `POST ${maps} HTTP/1.1\r\n${closing}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n`,
        /^HTTP\/1\.1 400 /,
      ],
      ['a header with NUL', `GET /api HTTP/1.1\r\n${auth}X: a\0b\r\n\r\n`, /^HTTP\/1\.1 400 /],
      ['a folded header', `GET /api HTTP/1.1\r\n${auth} folded: yes\r\n\r\n`, /^HTTP\/1\.1 4\d\d |^HTTP\/1\.1 401 /],
      [
        '100 KiB of headers',
        `GET /api HTTP/1.1\r\n${auth}X: ${'a'.repeat(100_000)}\r\n\r\n`,
        /^$|^HTTP\/1\.1 (400|431) /,
      ],
      ['an absolute target', `GET http://elsewhere/api HTTP/1.1\r\n${closing}\r\n`, /^HTTP\/1\.1 400 /],
      ['a target that is a star', `OPTIONS * HTTP/1.1\r\n${closing}\r\n`, /^HTTP\/1\.1 400 /],
      ['CONNECT', `CONNECT a:1 HTTP/1.1\r\n${closing}\r\n`, /^$|^HTTP\/1\.1 4/],
      [
        'an unknown upgrade',
        `GET /api HTTP/1.1\r\n${auth}Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`,
        /^HTTP\/1\.1 200 /,
      ],
      [
        'a WebSocket where there is none',
        `GET /api HTTP/1.1\r\n${auth}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
        /^HTTP\/1\.1 [24]\d\d /,
      ],
      [
        'a WebSocket without its key',
        `GET ${pods}/bound/exec?command=a&stdout=1 HTTP/1.1\r\n${auth}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`,
        /^HTTP\/1\.1 4\d\d /,
      ],
      [
        'a WebSocket without credentials',
        `GET ${pods}/bound/exec?command=a&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
        /^HTTP\/1\.1 401 /,
      ],
      [
        'SPDY',
        `POST ${pods}/bound/exec?command=a&stdout=1 HTTP/1.1\r\n${auth}Connection: Upgrade, close\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n`,
        /^HTTP\/1\.1 400 /,
      ],
    ];
    for (const [name, bytes, answer] of rows) {
      it(`are survived: ${name}`, async () => {
        const { version } = api.store;
        const received = await exchange(bytes);
        if (answer !== undefined) assert.match(received, answer);
        await stillServes(version);
      });
    }

    it('are survived: connections that end in the middle of anything', async () => {
      const { version } = api.store;
      const beginnings = [
        '',
        'GET /ap',
        `GET /api HTTP/1.1\r\nHost: x\r\nAuthor`,
        `POST ${maps} HTTP/1.1\r\n${auth}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"kind"`,
        `POST ${maps} HTTP/1.1\r\n${auth}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"a`,
        `GET ${maps}?watch=true HTTP/1.1\r\n${auth}\r\n`,
        `GET ${pods}/bound/exec?command=a&stdout=1 HTTP/1.1\r\n${auth}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      ];
      for (const beginning of beginnings) {
        const { socket, plain } = await dial();
        await new Promise((resolve) => socket.write(beginning, resolve));
        plain.resetAndDestroy();
        await once(socket, 'close');
      }
      await stillServes(version);
    });

    it('are survived: a plain connection to the TLS port', async () => {
      const socket = connectPlain(api.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\n\r\n');
      socket.resume();
      await once(socket, 'close');
      await stillServes(api.store.version);
    });
  });
});
