import type { Node } from '../../../shared/objects/types.ts';
import type { Column } from './column.ts';
import { ageColumn, column, nameColumn, none, unknown, wide } from './column.ts';

const rolePrefix = 'node-role.kubernetes.io/';
const roleLabel = 'kubernetes.io/role';

export const nodeColumns: readonly Column[] = [
  nameColumn,
  column<Node>('Status', 'Whether it takes and runs pods', statusOf),
  column<Node>('Roles', 'Roles that its labels give it', rolesOf),
  ageColumn,
  column<Node>('Version', 'Version of its agent', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
  column<Node>('Internal-IP', 'Address within the cluster', (node) => addressOf(node, 'InternalIP'), wide),
  column<Node>('External-IP', 'Address from outside', (node) => addressOf(node, 'ExternalIP'), wide),
  column<Node>('OS-Image', 'Operating system', ({ status }) => status?.nodeInfo?.osImage || unknown, wide),
  column<Node>('Kernel-Version', 'Kernel', ({ status }) => status?.nodeInfo?.kernelVersion || unknown, wide),
  column<Node>(
    'Container-Runtime',
    'What runs its containers',
    ({ status }) => status?.nodeInfo?.containerRuntimeVersion || unknown,
    wide,
  ),
];

function statusOf({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable === true ? `${state},SchedulingDisabled` : state;
}

function rolesOf({ metadata }: Node): string {
  const labels = Object.entries(metadata?.labels ?? {});
  const roles = labels.flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix)) return [key.slice(rolePrefix.length)];
    return key === roleLabel ? [value] : [];
  });
  const named = [...new Set(roles.filter((role) => role !== ''))].sort();
  return named.length === 0 ? none : named.join(',');
}

function addressOf({ status }: Node, wanted: string): string {
  return status?.addresses?.find(({ type }) => type === wanted)?.address ?? none;
}
