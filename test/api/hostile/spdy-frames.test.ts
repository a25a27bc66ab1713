import assert from 'node:assert/strict';
import { once } from 'node:events';
import { deflateSync } from 'node:zlib';
import type { PodExec } from '../../../controller/api/pod-streams.ts';
import { dictionary } from '../../../controller/api/spdy/dictionary.ts';
import { dataFrame, FrameReader, openFrame, pingFrame, resetFrame } from '../../../controller/api/spdy/frames.ts';
import { HeaderWriter } from '../../../controller/api/spdy/header-block.ts';
import { until } from '../../support/until.ts';
import { FakeSession } from '../fake-session.ts';
import { ApiHarness } from '../harness.ts';
import { createRunningPod } from '../running-pod.ts';
import { answered, dialRaw, openDescriptors, upgradeRequest, type RawClient } from './raw-client.ts';
import { pods } from './row.ts';
import { usedBytes } from './used-bytes.ts';

const allowedGrowthBytes = 16 * 1024 * 1024;
const allowedDescriptors = 8;

/** A control frame of any type with any body, and any length if it is to lie about that. */
function control(type: number, body: Uint8Array, length = body.length): Buffer {
  const head = Buffer.from([0x80, 3, type >> 8, type & 0xff, 0, length >> 16, (length >> 8) & 0xff, length & 0xff]);
  return Buffer.concat([head, body]);
}

function numbers(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])));
}

/** Streams with header blocks that belong together. */
async function opens(ids: readonly number[], headers: (id: number) => Record<string, string>): Promise<Buffer[]> {
  const writer = new HeaderWriter();
  const frames: Buffer[] = [];
  for (const id of ids)
    frames.push(Buffer.from(openFrame(id, await writer.write(new Map(Object.entries(headers(id)))))));
  writer.close();
  return frames;
}

const odd = (count: number): number[] => Array.from({ length: count }, (_, at) => at * 2 + 1);
const squeezed = (bytes: Uint8Array): Uint8Array => deflateSync(bytes, { dictionary: Buffer.from(dictionary) });
const pair = (id: number): Record<string, string> => ({
  requestid: String(id >> 2),
  streamtype: id % 4 === 1 ? 'error' : 'data',
  port: '80',
});

type Bytes = () => Uint8Array | Promise<Uint8Array>;

/** After these the server ends the connection. */
const ended: Record<string, Bytes> = {
  'text of HTTP': () => Buffer.from(`GET /api HTTP/1.1\r\n\r\n${'x'.repeat(20)}`.replace('G', '\xc7'), 'latin1'),
  'a control frame of 16 MiB': () => control(1, Buffer.alloc(0), 0xff_ffff),
  'a control frame that is too short': () => control(1, numbers(1)),
  'a ping without its number': () => control(6, Buffer.alloc(0)),
  'another version': () => Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]),
  'a header block that is no zlib': () => openFrame(1, Buffer.from('not compressed')),
  'a header block that is a bomb': () => openFrame(1, squeezed(Buffer.alloc(20_000_000))),
  'a header block that lies about its pairs': () => openFrame(1, squeezed(numbers(1, 0xffff_fff0))),
  'stream 0': async () => Buffer.concat(await opens([0], () => ({}))),
  'a stream of the server': async () => Buffer.concat(await opens([2], () => ({}))),
  'a stream twice': async () => Buffer.concat(await opens([1, 1], () => ({}))),
  'a stream below one that was': async () => Buffer.concat(await opens([9, 3], () => ({}))),
};

/** These it bears: it still answers after them. */
const borne: Record<string, Bytes> = {
  'data of stream 0': () => dataFrame(0, Buffer.from('x')),
  'data of no stream': () => Buffer.concat(odd(500).map((id) => dataFrame(id, Buffer.from('x'), true))),
  'types that nobody knows': () => Buffer.concat(Array.from({ length: 200 }, (_, at) => control(9 + at, numbers(at)))),
  'windows that overflow': () =>
    Buffer.concat(Array.from({ length: 1_000 }, (_, at) => control(9, numbers(at, 0x7fff_ffff)))),
  'settings without end': () => Buffer.concat(Array.from({ length: 500 }, () => control(4, Buffer.alloc(2_000)))),
  'resets of no stream': () => Buffer.concat(odd(2_000).map((id) => resetFrame(id, 5))),
  farewells: () => Buffer.concat(Array.from({ length: 100 }, () => control(7, numbers(0, 0)))),
  'pings without end': () => Buffer.concat(odd(5_000).map(pingFrame)),
  'more streams than there may be': async () => Buffer.concat(await opens(odd(2_000), () => ({}))),
  'connections that are opened and reset at once': async () =>
    Buffer.concat(
      (await opens(odd(4_000), pair)).flatMap((frame, at) => (at % 2 === 0 ? [frame] : [frame, reset(at)])),
    ),
  'data that nobody takes': async () =>
    Buffer.concat([
      ...(await opens([1, 5], () => ({}))),
      ...Array.from({ length: 200 }, () => dataFrame(1, Buffer.alloc(32_768))),
    ]),
};

/** Of the error stream and the data stream that were just opened. */
function reset(at: number): Buffer {
  return Buffer.concat([resetFrame(at * 2 - 1, 5), resetFrame(at * 2 + 1, 5)]);
}

describe('hostile SPDY frames', function () {
  this.timeout(120_000);
  let api: ApiHarness;
  let descriptors: number;
  const sessions = new Set<FakeSession>();

  before(async () => {
    const forward: PodExec['forward'] = (_pod, _port, signal) => {
      const session = new FakeSession();
      sessions.add(session);
      signal.addEventListener('abort', () => void session.close());
      void session.over.then(() => sessions.delete(session));
      return Promise.resolve(session);
    };
    const none = (): Promise<never> => Promise.reject(new Error('not used'));
    api = await ApiHarness.start({ podExec: { exec: none, attach: none, forward } });
    await createRunningPod(api, 'bound');
    descriptors = await openDescriptors();
  });
  after(() => api.stop());

  const upgrade = async (): Promise<RawClient> => {
    const client = await dialRaw(api);
    client.socket.write(upgradeRequest(`${pods}/bound/portforward?ports=80`, 'SPDY/3.1', api.token));
    assert.match(await answered(client), /^HTTP\/1\.1 101 /);
    client.received.length = 0;
    return client;
  };
  const settled = async (): Promise<void> => {
    assert.equal((await api.call('GET', `${pods}/bound`)).code, 200);
    await until(() => sessions.size === 0, 'sessions are closed');
    await until(async () => (await openDescriptors()) <= descriptors + allowedDescriptors, 'descriptors are closed');
  };
  /** Three rounds: what the first one loads is not counted. */
  const keepsMemory = async (round: () => Promise<void>): Promise<void> => {
    await round();
    const first = usedBytes();
    for (let at = 0; at < 3; at += 1) await round();
    // What lies outside of the heap is given back some turns after it was collected.
    let growth = 0;
    const isFlat = (): boolean => (growth = usedBytes() - first) < allowedGrowthBytes;
    await until(isFlat, 'memory is given back').catch(() => assert.fail(`${growth} bytes more`));
  };

  for (const [name, bytes] of Object.entries(ended)) {
    it(`end their connection alone: ${name}`, async () => {
      await keepsMemory(async () => {
        const client = await upgrade();
        const closed = once(client.socket, 'close');
        client.socket.write(await bytes());
        await closed;
        await settled();
      });
    });
  }

  for (const [name, bytes] of Object.entries(borne)) {
    it(`are borne: ${name}`, async () => {
      const last = 1_000_001;
      await keepsMemory(async () => {
        const client = await upgrade();
        client.socket.write(await bytes());
        client.socket.write(pingFrame(last));
        await until(() => {
          const frames = [...new FrameReader().read(Buffer.concat(client.received))];
          return frames.some((frame) => frame.kind === 'ping' && frame.id === last);
        }, 'the last ping is answered');
        assert.equal((await api.call('GET', `${pods}/bound`)).code, 200);
        client.plain.resetAndDestroy();
        await settled();
      });
    });
  }
});
