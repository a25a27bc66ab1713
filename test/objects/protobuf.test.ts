import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasReason } from '../../shared/errors.ts';
import { decodeObject } from '../../shared/objects/decode.ts';
import { parseBody } from '../../shared/objects/parse-body.ts';
import { decodeProtobuf } from '../../shared/objects/protobuf.ts';
import { findKind } from '../../shared/objects/resources.ts';
import { runKubectl } from './kubectl-recorder.ts';
import { needsKubectl } from '../api/kubectl.ts';

/** Length-delimited field. */
function chunk(number: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function integer(number: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

function envelope(apiVersion: string, kind: string, ...fields: Uint8Array[]): Buffer {
  const typeMeta = Buffer.concat([chunk(1, apiVersion), chunk(2, kind)]);
  return Buffer.concat([
    Buffer.from('k8s\0'),
    chunk(1, typeMeta),
    chunk(2, Buffer.concat(fields)),
    chunk(3, ''),
    chunk(4, ''),
  ]);
}

const pod = (...spec: Uint8Array[]): Buffer => envelope('v1', 'Pod', chunk(2, Buffer.concat(spec)));
const specOf = (body: Buffer): unknown => decodeProtobuf(body).value.spec;

describe('protobuf', () => {
  it('drops what a sender writes for unset fields, and keeps zeros behind pointers', () => {
    const spec = [chunk(3, ''), integer(4, 0), integer(11, 0), chunk(16, 'web'), integer(30, 0)];
    assert.deepEqual(specOf(pod(...spec)), {
      terminationGracePeriodSeconds: 0,
      hostname: 'web',
      enableServiceLinks: false,
    });
  });

  it('reads lists, maps, embedded structs and empty messages that mean something', () => {
    const volume = Buffer.concat([chunk(1, 'tmp'), chunk(2, chunk(2, ''))]);
    const label = Buffer.concat([chunk(1, 'disk'), chunk(2, 'ssd')]);
    assert.deepEqual(specOf(pod(chunk(1, volume), chunk(1, volume), chunk(7, label))), {
      volumes: [
        { name: 'tmp', emptyDir: {} },
        { name: 'tmp', emptyDir: {} },
      ],
      nodeSelector: { disk: 'ssd' },
    });
  });

  it('reads quantities, ports by name or number, times and negative numbers', () => {
    const limit = Buffer.concat([chunk(1, 'cpu'), chunk(2, chunk(1, '500m'))]);
    const httpGet = Buffer.concat([
      chunk(1, '/'),
      chunk(2, Buffer.concat([integer(1, 1), integer(2, 0), chunk(3, 'http')])),
    ]);
    const tcpSocket = chunk(1, Buffer.concat([integer(1, 0), integer(2, 80), chunk(3, '')]));
    const container = Buffer.concat([
      chunk(1, 'c'),
      chunk(8, chunk(1, limit)),
      chunk(10, chunk(1, chunk(2, httpGet))),
      chunk(11, chunk(1, chunk(3, tcpSocket))),
    ]);
    assert.deepEqual(specOf(pod(chunk(2, container), integer(25, -5n))), {
      containers: [
        {
          name: 'c',
          resources: { limits: { cpu: '500m' } },
          livenessProbe: { httpGet: { path: '/', port: 'http' } },
          readinessProbe: { tcpSocket: { port: 80 } },
        },
      ],
      priority: -5,
    });
    const lease = Buffer.concat([
      integer(2, 15),
      chunk(4, Buffer.concat([integer(1, 1_767_225_600), integer(2, 250_000_000)])),
    ]);
    const { value } = decodeProtobuf(envelope('coordination.k8s.io/v1', 'Lease', chunk(2, lease)));
    assert.deepEqual(value.spec, { leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.250000Z' });
  });

  it('tells of fields it does not know', () => {
    assert.deepEqual(decodeProtobuf(pod(chunk(999, 'x'))).problems, ['unknown field "spec.999"']);
  });

  it('reads DeleteOptions of any group', () => {
    const { value } = decodeProtobuf(envelope('policy/v1', 'DeleteOptions', integer(1, 0), chunk(4, 'Background')));
    assert.deepEqual(value, {
      apiVersion: 'policy/v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
      propagationPolicy: 'Background',
    });
  });

  it('refuses hostile bytes', () => {
    const bodies = [
      Buffer.from('{}'),
      Buffer.from('k8s\0\xff', 'latin1'),
      envelope('v1', 'Foo'),
      envelope('v1', 'PodSpec'),
      envelope('v1', '__proto__'),
      envelope('apps/v1/x', 'Deployment'),
      pod(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])),
      pod(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])),
      pod(Buffer.from([0x07])),
      pod(chunk(3, Buffer.from([0xff]))),
      pod(integer(3, 1)),
      pod(chunk(7, Buffer.concat([chunk(1, '__proto__'), chunk(2, 'x')]))),
      envelope('v1', 'Pod', chunk(1, chunk(8, integer(1, 2n ** 62n)))),
      envelope('v1', 'Pod', chunk(1, chunk(17, chunk(7, chunk(1, '{'))))),
      Buffer.concat([Buffer.from('k8s\0'), chunk(3, 'gzip')]),
    ];
    for (const body of bodies) {
      assert.throws(
        () => parseBody(body, 'application/vnd.kubernetes.protobuf'),
        (error) => hasReason(error, 'BadRequest'),
        body.toString('hex'),
      );
    }
  });

  it('survives any damage to a real body', () => {
    const container = Buffer.concat([chunk(1, 'c'), chunk(2, 'hello:1'), chunk(8, ''), chunk(7, chunk(1, 'A'))]);
    const body = pod(chunk(2, container), chunk(3, 'Always'), chunk(7, Buffer.concat([chunk(1, 'a'), chunk(2, 'b')])));
    const damage = fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Buffer.from(body);
        for (const [at, byte] of changes) damaged[at] = byte;
        try {
          parseBody(damaged, 'application/vnd.kubernetes.protobuf');
        } catch (error) {
          assert.ok(hasReason(error, 'BadRequest'), String(error));
        }
      }),
    );
  });

  it('reads what kubectl sends', async function () {
    needsKubectl(this); // the bodies come from it
    const commands: [string[], string, string][] = [
      [['create', 'deployment', 'web', '--image=hello:1', '--replicas=3', '--port=80'], 'apps/v1', 'Deployment'],
      [['create', 'configmap', 'conf', '--from-literal=a=b'], 'v1', 'ConfigMap'],
      [['create', 'secret', 'generic', 'key', '--from-literal=a=b'], 'v1', 'Secret'],
      [['create', 'namespace', 'team'], 'v1', 'Namespace'],
      [['create', 'serviceaccount', 'bot'], 'v1', 'ServiceAccount'],
    ];
    for (const [args, apiVersion, kind] of commands) {
      const [request] = (await runKubectl(args)).writes;
      assert.ok(request, args.join(' '));
      const { value, problems } = parseBody(request.body, request.contentType);
      const info = findKind(apiVersion, kind);
      assert.ok(info);
      const { object } = decodeObject(info, value, 'Strict', problems);
      assert.equal(
        object.metadata.name,
        args.find((word) => ['web', 'conf', 'key', 'team', 'bot'].includes(word)),
      );
      if (kind === 'Deployment') {
        assert.deepEqual((object as { spec?: unknown }).spec, {
          replicas: 3,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: { containers: [{ name: 'hello', image: 'hello:1', ports: [{ containerPort: 80 }], resources: {} }] },
          },
          strategy: {},
        });
      }
    }
  });
});
