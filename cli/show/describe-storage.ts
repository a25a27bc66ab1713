import type {
  NodeSelectorRequirement,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
  Stored,
} from '../../shared/objects/types.ts';
import { showValue } from '../print/jsonpath.ts';
import { pairs, type Sheet } from '../print/sheet.ts';
import { describeConditions } from './describe-pod.ts';
import { listed, related, type Describe } from './describing.ts';

const shortModes: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** Kinds about volumes. */
export const storage: Record<string, Describe> = {
  PersistentVolumeClaim: async (session, { metadata, spec, status }: Stored<PersistentVolumeClaim>) => {
    const pods = await related<Pod>(session, ['v1', 'Pod'], metadata.namespace);
    const users = pods.filter((pod) =>
      pod.spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === metadata.name),
    );
    // Only a bound claim has a size and modes: before, these are what is asked for.
    const isBound = spec?.volumeName !== undefined && spec.volumeName !== '';
    return [
      ['StorageClass', spec?.storageClassName ?? ''],
      ['Status', metadata.deletionTimestamp === undefined ? status?.phase : 'Terminating'],
      ['Volume', spec?.volumeName ?? ''],
      ['Requested', spec?.resources?.requests?.['storage']],
      ['Capacity', isBound ? (status?.capacity?.['storage'] ?? '') : ''],
      ['Access Modes', isBound ? formatModes(status?.accessModes) : ''],
      ['VolumeMode', spec?.volumeMode],
      ['DataSource', spec?.dataSource && `${spec.dataSource.kind}/${spec.dataSource.name}`],
      ['Used By', users.map((pod) => pod.metadata.name)],
      ['Conditions', status?.conditions && describeConditions(status.conditions)],
    ];
  },
  PersistentVolume: (_session, { metadata, spec, status }: Stored<PersistentVolume>) => {
    const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms;
    const claim = spec?.claimRef;
    return [
      ['StorageClass', spec?.storageClassName ?? ''],
      ['Status', metadata.deletionTimestamp === undefined ? status?.phase : 'Terminating'],
      ['Claim', claim === undefined ? '' : `${claim.namespace}/${claim.name}`],
      ['Reclaim Policy', spec?.persistentVolumeReclaimPolicy],
      ['Access Modes', formatModes(spec?.accessModes)],
      ['VolumeMode', spec?.volumeMode],
      ['Capacity', spec?.capacity?.['storage'] ?? ''],
      [
        'Node Affinity',
        terms === undefined
          ? '<none>'
          : {
              below: terms.map(({ matchExpressions = [] }, index) => [
                `Term ${index}`,
                listed(matchExpressions.map(formatRequirement), '\n'),
              ]),
            },
      ],
      ['Message', status?.message ?? ''],
      ['Source', { below: describeSource(spec ?? {}) }],
    ];
  },
  StorageClass: (_session, storageClass: Stored<StorageClass>) => {
    const { metadata, provisioner, parameters, allowVolumeExpansion, mountOptions, ...rest } = storageClass;
    const isDefault = metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
    return [
      ['IsDefaultClass', isDefault ? 'Yes' : 'No'],
      ['Provisioner', provisioner],
      ['Parameters', listed(pairs(parameters))],
      [
        'AllowVolumeExpansion',
        allowVolumeExpansion === undefined ? '<unset>' : allowVolumeExpansion ? 'True' : 'False',
      ],
      ['MountOptions', mountOptions === undefined ? '<none>' : { rows: mountOptions.map((option) => [option]) }],
      ['ReclaimPolicy', rest.reclaimPolicy],
      ['VolumeBindingMode', rest.volumeBindingMode],
    ];
  },
};

function formatModes(modes: readonly string[] | undefined): string {
  return modes?.map((mode) => shortModes[mode] ?? mode).join(',') ?? '';
}

function formatRequirement({ key, operator, values = [] }: NodeSelectorRequirement): string {
  return values.length === 0
    ? `${key} ${operator.toLowerCase()}`
    : `${key} ${operator.toLowerCase()} [${values.join(', ')}]`;
}

/** What backs a volume: the one field of the spec that is an object of its own, field by field. */
function describeSource(spec: object): Sheet {
  const others = ['capacity', 'claimRef', 'nodeAffinity'];
  const [type, source] =
    Object.entries(spec).find(
      ([key, value]) => typeof value === 'object' && !Array.isArray(value) && !others.includes(key),
    ) ?? [];
  const fields = Object.entries((source ?? {}) as Record<string, unknown>);
  if (type === undefined) return [];
  return [
    [type, { below: fields.map(([key, value]) => [`${key[0]?.toUpperCase()}${key.slice(1)}`, showValue(value)]) }],
  ];
}
