import assert from 'node:assert/strict';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import { ApiHarness } from '../api/harness.ts';
import { FakeSession } from '../api/fake-session.ts';
import { until } from '../support/until.ts';
import { ApiError } from '../../shared/errors.ts';
import { CommandLine } from './control-plane.ts';

async function* says(pod: string): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(`${pod} speaks\n`);
}

describe('berth run --rm -i of a program that ends soon', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  let line: CommandLine;
  const pods = '/api/v1/namespaces/default/pods';

  const setState = (name: string, phase: 'Running' | 'Failed'): Promise<unknown> =>
    api.store.modify<Stored<Pod>>('pods', 'default', name, (pod) => ({
      ...pod,
      spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: 'n1' },
      status: {
        phase,
        containerStatuses: [
          {
            name,
            image: 'i',
            imageID: '',
            ready: phase === 'Running',
            restartCount: 0,
            state:
              phase === 'Running'
                ? { running: { startedAt: '2026-01-01T00:00:00Z' } }
                : { terminated: { exitCode: 7, reason: 'Error' } },
          },
        ],
      },
    }));

  /** What becomes of an attach, by the name of the pod. */
  async function attach({ metadata: { name } }: Stored<Pod>): Promise<FakeSession> {
    const session = new FakeSession();
    if (name === 'seen') session.print(1, 'all of it\n');
    await setState(name, 'Failed');
    if (name === 'late') throw new ApiError('NotFound', 'the container has ended');
    session.print(3, JSON.stringify({ status: 'Success' }));
    session.finish();
    return session;
  }

  before(async () => {
    const none = (): Promise<never> => Promise.reject(new ApiError('ServiceUnavailable', 'no agent'));
    api = await ApiHarness.start({
      podLogs: { read: async ({ metadata }) => says(metadata.name), readDeleted: async () => undefined },
      podExec: { exec: none, attach, forward: none },
    });
    line = new CommandLine({ KUBECONFIG: await api.kubeconfig() });
  });
  after(() => api?.stop());

  for (const [name, output] of [
    ['late', 'late speaks\n'],
    ['silent', 'silent speaks\n'],
    ['seen', 'all of it\n'],
  ] as const) {
    it(`shows its output once and ends with its exit code: ${name}`, async () => {
      const ended = line.berth(`run ${name} --rm -i --restart=Never --image=i -- true`);
      await until(async () => (await api.call('GET', `${pods}/${name}`)).code === 200, 'the pod is made');
      await setState(name, 'Running');
      const { code, stdout, stderr } = await ended;
      assert.deepEqual([code, stdout], [7, `${output}pod "${name}" deleted\n`], stderr);
    });
  }
});
