import assert from 'node:assert/strict';
import { withAccount, withAccountVolume } from '../../shared/objects/account-volume.ts';
import type { KubeObject, Pod, PodSpec } from '../../shared/objects/types.ts';
import { aPod } from '../objects.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
type PodWithSpec = KubeObject & Pod & { spec: PodSpec };

const podOf = (changes: Partial<PodSpec> = {}): PodWithSpec => ({
  ...aPod(),
  apiVersion: 'v1',
  kind: 'Pod',
  spec: { containers: [{ name: 'main', image: 'x' }], ...changes },
});

describe('the volume of an account', () => {
  it('is mounted in every container, and a second time changes nothing', () => {
    const pod = withAccountVolume(podOf({ initContainers: [{ name: 'first', image: 'x' }] }), undefined);
    const [volume] = pod.spec.volumes ?? [];
    assert.match(volume?.name ?? '', /^kube-api-access-[0-9a-f]{5}$/);
    for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
      assert.deepEqual(container.volumeMounts, [{ name: volume?.name, readOnly: true, mountPath }]);
    }
    assert.deepEqual(withAccountVolume(pod, undefined), pod);
  });

  it('is left out when the pod says so, or the account and not the pod', () => {
    const hasVolume = (pod?: boolean, account?: boolean): boolean => {
      const { spec } = withAccountVolume(podOf({ automountServiceAccountToken: pod }), {
        automountServiceAccountToken: account,
      });
      return spec.volumes !== undefined;
    };
    assert.deepEqual(
      [hasVolume(), hasVolume(false), hasVolume(undefined, false), hasVolume(true, false), hasVolume(false, true)],
      [true, false, false, true, false],
    );
  });

  it('gives way to what is mounted there already', () => {
    const volumeMounts = [{ name: 'own', mountPath }];
    const pod = podOf({ containers: [{ name: 'main', image: 'x', volumeMounts }], volumes: [{ name: 'own' }] });
    assert.equal(withAccountVolume(pod, undefined), pod);
  });

  it('brings the secrets by which images are pulled, unless the pod has its own', () => {
    const account = { imagePullSecrets: [{ name: 'of-account' }], automountServiceAccountToken: false };
    const secretsOf = (spec: object): unknown => withAccount(podOf(spec), account).spec?.imagePullSecrets;
    assert.deepEqual(secretsOf({}), [{ name: 'of-account' }]);
    assert.deepEqual(secretsOf({ imagePullSecrets: [] }), [{ name: 'of-account' }]);
    assert.deepEqual(secretsOf({ imagePullSecrets: [{ name: 'own' }] }), [{ name: 'own' }]);
  });
});
