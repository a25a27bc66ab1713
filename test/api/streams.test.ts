import assert from 'node:assert/strict';
import type { ExecRequest, PodExec, PodLogs } from '../../controller/api/pod-streams.ts';
import { channel } from '../../shared/bus/byte-stream.ts';
import type { LogQuery } from '../../shared/logs.ts';
import { ApiError } from '../../shared/errors.ts';
import { until } from '../support/until.ts';
import { FakeSession } from './fake-session.ts';
import { ApiHarness } from './harness.ts';
import { Kubectl, needsKubectl } from './kubectl.ts';
import { createRunningPod } from './running-pod.ts';

const pods = '/api/v1/namespaces/default/pods';

describe('logs and sessions over the API', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  let asked: { container: string | undefined; query: LogQuery }[];
  let executed: ExecRequest[];
  let session: FakeSession;
  /** What the container does with a session. */
  let behave: (session: FakeSession, request: ExecRequest) => void;

  const podLogs: PodLogs = {
    read: (_pod, container, query, signal) => {
      asked.push({ container, query });
      if (query.previous) {
        throw new ApiError('BadRequest', `previous terminated container "${container}" in pod "web" not found`);
      }
      return Promise.resolve(lines(query.follow === true, signal));
    },
    readDeleted: (_namespace, name, container, query) => {
      asked.push({ container, query });
      return Promise.resolve(name === 'gone' ? lines(false) : undefined);
    },
  };
  const podExec: PodExec = {
    exec: (_pod, request, signal) => {
      executed.push(request);
      session = new FakeSession();
      signal.addEventListener('abort', () => void session.close());
      behave(session, request);
      return Promise.resolve(session);
    },
    attach: (_pod, request, signal) => {
      session = new FakeSession();
      signal.addEventListener('abort', () => void session.close());
      behave(session, { command: [], ...request });
      return Promise.resolve(session);
    },
    forward: () => Promise.reject(new ApiError('ServiceUnavailable', 'nobody listens')),
  };

  before(async () => {
    api = await ApiHarness.start({ podLogs, podExec });
    await createRunningPod(api, 'web');
  });
  beforeEach(() => {
    asked = [];
    executed = [];
    behave = (session) => exit(session, 0);
  });
  after(() => api.stop());

  describe('log', () => {
    it('is text, with the query understood', async () => {
      const path = `${pods}/web/log?container=main&tailLines=5&timestamps=true&limitBytes=100&sinceTime=2026-01-01T00:00:00Z&pretty=true`;
      const { code, text, headers } = await api.call('GET', path);
      assert.deepEqual([code, text, headers['content-type']], [200, 'one\ntwo\n', 'text/plain']);
      assert.deepEqual(asked, [
        {
          container: 'main',
          query: {
            follow: false,
            previous: false,
            timestamps: true,
            tailLines: 5,
            limitBytes: 100,
            sinceTime: '2026-01-01T00:00:00Z',
          },
        },
      ]);
    });

    it('of a pod that is gone comes from history', async () => {
      assert.equal((await api.call('GET', `${pods}/gone/log`)).text, 'one\ntwo\n');
      const { code, json } = await api.call('GET', `${pods}/never/log`);
      assert.deepEqual([code, json.message], [404, 'pods "never" not found']);
    });

    it('refuses before the first byte', async () => {
      const { code, json } = await api.call('GET', `${pods}/web/log?previous=true`);
      assert.equal(code, 400);
      assert.equal(json.message, 'previous terminated container "main" in pod "web" not found');
    });

    it('that is followed ends when the client goes', async () => {
      const message = await api.open({
        path: `${pods}/web/log?follow=true`,
        headers: { authorization: `Bearer ${api.token}` },
      });
      message.on('error', () => undefined);
      await new Promise((resolve) => message.once('data', resolve));
      const before = followers;
      assert.equal(before, 1);
      message.destroy();
      await until(() => followers === 0);
    });
  });

  describe('with the real kubectl', () => {
    let kubectl: Kubectl;
    before(async function () {
      needsKubectl(this);
      kubectl = await Kubectl.for(api);
    });

    it('logs', async () => {
      assert.equal(await kubectl.ok('logs web'), 'one\ntwo');
      assert.equal(await kubectl.ok('logs web -c main --tail=3'), 'one\ntwo');
      assert.match(await kubectl.fails('logs web -c other'), /container other is not valid for pod web/);
      assert.match(
        await kubectl.fails('logs web --previous'),
        /previous terminated container "main" in pod "web" not found/,
      );
    });

    it('exec carries output and the exit code', async () => {
      behave = (session) => {
        session.print(channel.stdout, 'to stdout\n');
        session.print(channel.stderr, 'to stderr\n');
        exit(session, 3);
      };
      const { code, stdout, stderr } = await kubectl.run(['exec', 'web', '--', 'sh', '-c', 'exit 3']);
      assert.equal(stdout, 'to stdout\n');
      assert.match(stderr, /^to stderr\ncommand terminated with exit code 3/);
      assert.equal(code, 3);
      assert.deepEqual(executed[0], {
        container: 'main',
        command: ['sh', '-c', 'exit 3'],
        tty: false,
        stdin: false,
        stdout: true,
        stderr: true,
      });
    });

    it('exec and attach go on over SPDY where WebSocket is not spoken', async () => {
      const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' };
      behave = (session) => {
        session.print(channel.stderr, 'to stderr\n');
        void until(() => session.ended.includes(channel.stdin)).then(() => {
          session.print(channel.stdout, session.written.map(({ text }) => text).join(''));
          exit(session, 3);
        });
      };
      const big = 'x'.repeat(300_000);
      const { code, stdout, stderr } = await kubectl.run(['exec', '-i', 'web', '--', 'cat'], { stdin: big, env });
      assert.deepEqual([code, stdout.length], [3, big.length]);
      assert.match(stderr, /^to stderr\ncommand terminated with exit code 3/);
      const attached = await kubectl.run(['attach', '-i', 'web'], { stdin: 'some words', env });
      assert.match(attached.stdout, /some words/);
    });

    it('exec over SPDY tells why it cannot, before the upgrade and after', async () => {
      const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' };
      assert.match(await kubectl.fails('exec web -c other -- ls', { env }), /container other is not valid for pod web/);
      behave = (session) => session.fail(new Error('the node went away'));
      assert.match(await kubectl.fails('exec web -- ls', { env }), /the node went away/);
    });

    it('exec carries input to its end', async () => {
      behave = (session) => {
        void until(() => session.ended.includes(channel.stdin)).then(() => {
          session.print(channel.stdout, session.written.map(({ text }) => text).join(''));
          exit(session, 0);
        });
      };
      const big = 'x'.repeat(300_000);
      const { code, stdout } = await kubectl.run(['exec', '-i', 'web', '--', 'cat'], { stdin: big });
      assert.deepEqual([code, stdout.length], [0, big.length]);
    });

    it('exec tells why it cannot', async () => {
      assert.match(await kubectl.fails('exec nothing -- ls'), /pods "nothing" not found/);
      assert.match(await kubectl.fails('exec web -c other -- ls'), /container other is not valid for pod web/);
      behave = (session) => session.fail(new Error('the node went away'));
      assert.match(await kubectl.fails('exec web -- ls'), /the node went away/);
    });
  });
});

let followers = 0;

async function* lines(follow: boolean, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from('one\n');
  yield Buffer.from('two\n');
  if (!follow || signal === undefined) return;
  followers += 1;
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  followers -= 1;
}

function exit(session: FakeSession, code: number): void {
  const failed = {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
  session.print(channel.error, JSON.stringify(code === 0 ? { metadata: {}, status: 'Success' } : failed));
  session.finish();
}
