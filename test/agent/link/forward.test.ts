import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ForwardCalls } from '../../../agent/link/forward.ts';
import { serveCalls } from '../../../agent/link/serve-calls.ts';
import type { SandboxStatus } from '../../../agent/runtime/driver.ts';
import { NodeCalls } from '../../../controller/nodes/node-calls.ts';
import { channel, type ByteStream } from '../../../shared/bus/byte-stream.ts';
import { silentLogger } from '../../../shared/log.ts';
import { Scope } from '../../../shared/scope.ts';
import { BusBench } from '../../bus/bus-bench.ts';
import { aPod } from '../../objects.ts';
import { until } from '../../support/until.ts';

const pod = aPod({ nodeName: 'n1' });
const { namespace = 'default', name, uid } = pod.metadata;

describe('forwarded connections', function () {
  this.timeout(20_000);
  let bench: BusBench;
  let calls: NodeCalls;
  let scope: Scope;
  let lifetime: AbortController;
  const dialled: Socket[] = [];

  before(async () => {
    bench = await BusBench.open();
    const controller = await bench.controller();
    calls = new NodeCalls({ bus: controller, data: controller });
    const node = await bench.node('n1');
    scope = new Scope('agent');
    const forwards = new ForwardCalls({
      listSandboxes: async () => [
        { id: 's1', pod: { namespace, name, uid }, isReady: true, attempt: 0 } as SandboxStatus,
      ],
      connect: async (_id, port) => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        await once(socket, 'connect');
        dialled.push(socket);
        return socket;
      },
    });
    const unused = (): Promise<never> => Promise.reject(new Error('not part of this test'));
    const handlers = { logs: unused, exec: unused, attach: unused, forward: forwards.run.bind(forwards) };
    serveCalls({ bus: node, data: node, node: 'n1', handlers, log: silentLogger }, scope);
    await node.flush();
  });
  after(async () => {
    await scope.close();
    await bench.close();
  });
  beforeEach(() => {
    lifetime = new AbortController();
  });
  afterEach(() => lifetime.abort());

  let server: Server;
  let onConnection: (socket: Socket) => void;
  let port: number;

  before(async () => {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  after(() => server.close());

  it('carry both directions, each to its own end', async () => {
    onConnection = (socket) => {
      let bytes = 0;
      socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
      socket.on('end', () => socket.end(`${bytes} bytes`));
    };
    const stream = await calls.forward(pod, port, lifetime.signal);
    const result = received(stream);
    await stream.write(channel.stdin, Buffer.alloc(2_000_000));
    await stream.end(channel.stdin);
    assert.deepEqual(await result, { text: '2000000 bytes', hasEnd: true });
  });

  it('stop a pod whose caller does not read, and nobody else', async () => {
    let written = 0;
    onConnection = (socket) => {
      const write = (): void => {
        while (socket.write(Buffer.alloc(64 * 1024))) written += 64 * 1024;
      };
      socket.on('drain', write);
      write();
    };
    await calls.forward(pod, port, lifetime.signal);
    onConnection = (socket) => socket.end('hello');
    const other = await calls.forward(pod, port, lifetime.signal);
    const result = received(other);
    await other.end(channel.stdin);
    assert.equal((await result).text, 'hello');
    assert(written < 32 * 1024 * 1024, `${written} bytes went out to nobody`);
  });

  it('close the connection when the caller goes, even one that takes no input', async () => {
    onConnection = (socket) => socket.pause();
    const stream = await calls.forward(pod, port, lifetime.signal);
    void stream.write(channel.stdin, Buffer.alloc(20_000_000)).catch(() => undefined);
    lifetime.abort();
    await until(() => dialled.at(-1)?.destroyed === true, 'the connection is closed');
  });

  it('end the session when the pod resets the connection, and fail when nobody listens', async () => {
    onConnection = (socket) => socket.once('data', () => socket.resetAndDestroy());
    const stream = await calls.forward(pod, port, lifetime.signal);
    await stream.write(channel.stdin, Buffer.from('hello'));
    assert.equal((await received(stream)).text, '');
    const unused = createServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const { port: nobody } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));
    await assert.rejects(received(await calls.forward(pod, nobody, lifetime.signal)), /ECONNREFUSED/);
  });

  async function received(stream: ByteStream): Promise<{ text: string; hasEnd: boolean }> {
    let [text, hasEnd] = ['', false];
    for await (const { bytes } of stream) {
      if (bytes.length === 0) hasEnd = true;
      else text += Buffer.from(bytes).toString();
    }
    return { text, hasEnd };
  }
});
