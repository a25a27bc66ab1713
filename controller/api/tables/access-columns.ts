import type { RoleBinding } from '../../../shared/objects/types.ts';
import type { Column } from './column.ts';
import { ageColumn, column, nameColumn, wide } from './column.ts';

/** Of a RoleBinding or a ClusterRoleBinding. */
export const roleBindingColumns: readonly Column[] = [
  nameColumn,
  column<RoleBinding>('Role', 'Role that it gives', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  column<RoleBinding>('Users', 'Users who have it', (binding) => subjectsOf(binding, 'User'), wide),
  column<RoleBinding>('Groups', 'Groups that have it', (binding) => subjectsOf(binding, 'Group'), wide),
  column<RoleBinding>(
    'ServiceAccounts',
    'Service accounts that have it',
    (binding) => subjectsOf(binding, 'ServiceAccount'),
    wide,
  ),
];

function subjectsOf({ subjects }: RoleBinding, kind: string): string {
  return (subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ');
}
