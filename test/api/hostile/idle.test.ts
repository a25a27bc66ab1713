import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { until } from '../../support/until.ts';
import { ApiHarness } from '../harness.ts';
import { configMapManifest, podManifest } from '../manifests.ts';
import { maps, pods } from './row.ts';

describe('clients that leave their connection as it is', () => {
  let api: ApiHarness;
  let clock: ManualClock;
  const open: TLSSocket[] = [];
  let chunks = 0;

  async function* endless(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      await setImmediate();
      chunks += 1;
      yield Buffer.alloc(65_536, 'x');
    }
  }

  beforeEach(async () => {
    clock = new ManualClock();
    chunks = 0;
    api = await ApiHarness.start({
      clock,
      podLogs: { read: async () => endless(), readDeleted: async () => undefined },
    });
  });
  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await api.stop();
  });

  const dial = async (): Promise<TLSSocket> => {
    const options = { port: api.port, host: '127.0.0.1', ca: api.pki.authority, allowHalfOpen: true };
    const socket = connect(options);
    socket.on('error', () => undefined);
    open.push(socket);
    await once(socket, 'secureConnect');
    return socket;
  };
  const inflight = async (): Promise<string> =>
    (await api.registry.getSingleMetricAsString('apiserver_current_inflight_requests')).trim();

  it('lose it after a refused upgrade, though they do not close it', async () => {
    const socket = await dial();
    socket.write(`GET ${pods}/a/exec?command=a&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n`);
    socket.write('Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 401 /);
    // Bytes to a connection that is not there any more are answered by its reset.
    await until(() => {
      if (!socket.destroyed) socket.write('x');
      return socket.destroyed;
    });
  });

  it('keep it for an hour when it brings them a log, which people read in pagers', async () => {
    const body = podManifest('wordy');
    await api.call('POST', pods, { body });
    const socket = await dial();
    socket.pause();
    socket.write(`GET ${pods}/wordy/log HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.token}\r\n\r\n`);
    const isOpen = async (): Promise<boolean> =>
      (await api.registry.getSingleMetricAsString('apiserver_longrunning_requests')).includes(
        '{resource="pods/log"} 1',
      );
    let seen = 0;
    await until(() => {
      const isHeldUp = chunks > 0 && chunks === seen;
      seen = chunks;
      return isHeldUp;
    });
    await clock.advance(3_500_000);
    assert.ok(await isOpen());
    await until(async () => {
      await clock.advance(200_000);
      return !(await isOpen());
    });
  });

  it('lose it when they take nothing of a long answer for a minute', async () => {
    const big = 'x'.repeat(1_000_000);
    for (const name of Array.from({ length: 20 }, (_, at) => `m${at}`)) {
      await api.call('POST', maps, { body: configMapManifest(name, { big }) });
    }
    const socket = await dial();
    socket.pause();
    socket.write(`GET ${maps} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.token}\r\n\r\n`);
    await until(async () => (await inflight()).endsWith(' 1'));
    await until(async () => {
      await clock.advance(61_000);
      return (await inflight()).endsWith(' 0');
    });
  });
});
