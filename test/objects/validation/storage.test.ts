import assert from 'node:assert/strict';
import { problemsOf, updateProblemsOf } from '../read-object.ts';
import { refusesEach } from '../refuses-each.ts';

const claim = (spec: string, status = ''): string =>
  `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {${spec}}, status: {${status}}}`;
const sized = (size: string, rest = ''): string =>
  `accessModes: [ReadWriteOnce], resources: {requests: {storage: ${size}}}, ${rest}`;
const volume = (spec: string): string =>
  `{apiVersion: v1, kind: PersistentVolume, metadata: {name: data}, spec: {${spec}}}`;
const basics = 'capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce]';
const withSource = (source: string): string => volume(`${basics}, ${source}`);
const storageClass = (rest: string): string =>
  `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, ${rest}}`;

describe('validation of storage', () => {
  it('accepts what is right', () => {
    for (const manifest of [
      claim(sized('1Gi', 'storageClassName: "", volumeMode: Block')),
      withSource('hostPath: {path: /data}'),
      withSource('nfs: {server: nas, path: /data}, persistentVolumeReclaimPolicy: Delete'),
      storageClass('provisioner: Example.com/disk, parameters: {type: ssd}'),
    ]) {
      assert.deepEqual(problemsOf(manifest), [], manifest);
    }
  });

  it('checks claims', () => {
    refusesEach(claim, [
      ['resources: {requests: {storage: 1Gi}}', 'spec.accessModes: Required value: at least 1 access mode is required'],
      ['accessModes: [ReadWriteOnce]', 'spec.resources[storage]: Required value'],
      [sized('0'), 'spec.resources[storage]: Invalid value: "0": must be greater than zero'],
      [sized('1Gi').replace('ReadWriteOnce', 'Some'), 'spec.accessModes: Unsupported value: "Some"'],
      [
        sized('1Gi').replace('ReadWriteOnce', 'ReadWriteOnce, ReadWriteOncePod'),
        'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      ],
      [sized('1Gi', 'volumeMode: Disk'), 'spec.volumeMode: Unsupported value: "Disk"'],
      [sized('1Gi', 'storageClassName: A_'), 'spec.storageClassName: Invalid value: "A_"'],
    ]);
  });

  it('settles a claim but for its size', () => {
    const bound = (spec: string): string => claim(spec, 'phase: Bound');
    const fixed = [
      'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    ];
    assert.deepEqual(updateProblemsOf(claim(sized('1Gi')), claim(sized('2Gi'))), fixed);
    assert.deepEqual(updateProblemsOf(bound(sized('1Gi')), bound(sized('2Gi'))), []);
    assert.deepEqual(updateProblemsOf(bound(sized('2Gi')), bound(sized('1Gi'))), [
      'spec.resources.requests.storage: Forbidden: field can not be less than previous value',
    ]);
    assert.deepEqual(
      updateProblemsOf(claim(sized('1Gi')), claim(sized('1Gi', 'volumeName: v, storageClassName: s'))),
      [],
    );
    const placed = claim(sized('1Gi', 'volumeName: v'));
    assert.deepEqual(updateProblemsOf(placed, claim(sized('1Gi', 'volumeName: w'))), fixed);
  });

  it('checks volumes', () => {
    refusesEach(volume, [
      ['accessModes: [ReadWriteOnce], hostPath: {path: /a}', 'spec.capacity: Required value'],
      ['capacity: {storage: 1Gi}, hostPath: {path: /a}', 'spec.accessModes: Required value'],
      [
        'capacity: {storage: 1Gi, cpu: 1}, accessModes: [ReadWriteOnce], hostPath: {path: /a}',
        'spec.capacity: Unsupported value',
      ],
      [basics, 'spec: Required value: must specify a volume type'],
      [
        `${basics}, hostPath: {path: /a}, nfs: {server: s, path: /b}`,
        'spec.nfs: Forbidden: may not specify more than 1 volume type',
      ],
      [`${basics}, hostPath: {path: /a/../b}`, `spec.hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
      [`${basics}, local: {path: /a}`, 'spec.nodeAffinity: Required value: Local volume requires node affinity'],
      [
        `${basics}, hostPath: {path: /}, persistentVolumeReclaimPolicy: Recycle`,
        "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
      ],
      [
        `${basics}, hostPath: {path: /a}, persistentVolumeReclaimPolicy: Keep`,
        'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep"',
      ],
      [
        `${basics}, hostPath: {path: /a}, nodeAffinity: {required: {nodeSelectorTerms: []}}`,
        'spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term',
      ],
    ]);
    assert.deepEqual(updateProblemsOf(withSource('hostPath: {path: /a}'), withSource('hostPath: {path: /b}')), [
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
    ]);
  });

  it('checks classes', () => {
    refusesEach(storageClass, [
      ['', 'provisioner: Required value'],
      ['provisioner: a b', 'provisioner: Invalid value: "a b"'],
      ['provisioner: a/b, reclaimPolicy: Keep', 'reclaimPolicy: Unsupported value: "Keep"'],
      ['provisioner: a/b, volumeBindingMode: Later', 'volumeBindingMode: Unsupported value: "Later"'],
    ]);
    const before = storageClass('provisioner: a/b');
    for (const [rest, expected] of [
      ['provisioner: a/c', 'provisioner: Forbidden: updates to provisioner are forbidden.'],
      ['provisioner: a/b, reclaimPolicy: Retain', 'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.'],
      ['provisioner: a/b, parameters: {a: b}', 'parameters: Forbidden: updates to parameters are forbidden.'],
      [
        'provisioner: a/b, volumeBindingMode: WaitForFirstConsumer',
        'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
      ],
    ] as const) {
      assert.deepEqual(updateProblemsOf(before, storageClass(rest)), [expected]);
    }
  });
});
