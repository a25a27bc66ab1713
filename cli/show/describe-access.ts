import type {
  ClusterRole,
  PolicyRule,
  RoleBinding,
  Secret,
  ServiceAccount,
  Stored,
} from '../../shared/objects/types.ts';
import type { Sheet } from '../print/sheet.ts';
import { related, selectorText, type Describe } from './describing.ts';

const accountKey = 'kubernetes.io/service-account.name';

/** Kinds about who may do what. */
export const access: Record<string, Describe> = {
  ServiceAccount: async (session, { metadata, imagePullSecrets, secrets }: Stored<ServiceAccount>) => {
    const there = await related<Secret>(session, ['v1', 'Secret'], metadata.namespace);
    const names = new Set(there.map((secret) => secret.metadata.name));
    const show = (refs: readonly { name?: string }[] = []): string[] =>
      refs.map(({ name = '' }) => (names.has(name) ? name : `${name} (not found)`));
    const isToken = ({ type, metadata: { annotations } }: Stored<Secret>): boolean =>
      type === 'kubernetes.io/service-account-token' && annotations?.[accountKey] === metadata.name;
    return [
      ['Image pull secrets', show(imagePullSecrets)],
      ['Mountable secrets', show(secrets)],
      ['Tokens', there.filter(isToken).map((secret) => secret.metadata.name)],
    ];
  },
  Role: describeRole,
  ClusterRole: describeRole,
  RoleBinding: describeBinding,
  ClusterRoleBinding: describeBinding,
};

function describeRole(_session: unknown, { rules, aggregationRule }: Stored<ClusterRole>): Sheet {
  return [
    ['Aggregated From', aggregationRule?.clusterRoleSelectors?.map(selectorText)],
    [
      'PolicyRule',
      { rows: [['RESOURCES', 'NON-RESOURCE URLS', 'RESOURCE NAMES', 'VERBS'], ...(rules ?? []).flatMap(ruleRows)] },
    ],
  ];
}

/** One row for each resource and each URL, so that one can be searched for. */
function ruleRows({
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = [],
  verbs,
}: PolicyRule): string[][] {
  const bracketed = (words: readonly string[]): string => `[${words.join(' ')}]`;
  const named = apiGroups.flatMap((group) =>
    resources.map((resource) => (group === '' ? resource : `${resource}.${group}`)),
  );
  return [
    ...named.map((name) => [name, '[]', bracketed(resourceNames), bracketed(verbs)]),
    ...nonResourceURLs.map((url) => ['', `[${url}]`, '[]', bracketed(verbs)]),
  ];
}

function describeBinding(_session: unknown, { roleRef, subjects = [] }: Stored<RoleBinding>): Sheet {
  const rows = subjects.map(({ kind, name, namespace = '' }) => [kind, name, namespace]);
  return [
    [
      'Role',
      {
        below: [
          ['Kind', roleRef.kind],
          ['Name', roleRef.name],
        ],
      },
    ],
    ['Subjects', { rows: [['KIND', 'NAME', 'NAMESPACE'], ...rows] }],
  ];
}
