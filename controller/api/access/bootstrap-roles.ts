import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '../../../shared/objects/types.ts';
import { adminRules, editRules, viewRules } from './user-facing-rules.ts';
import { authenticated, masters } from './user.ts';

const group = 'rbac.authorization.k8s.io';
const apiVersion = `${group}/v1`;
const label = (of: 'admin' | 'edit' | 'view'): string => `${group}/aggregate-to-${of}`;

const readPaths = (...nonResourceURLs: string[]): PolicyRule[] => [{ verbs: ['get'], nonResourceURLs }];

/** Paths that anybody may read. */
const publicPaths = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const discoveryPaths = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', ...publicPaths];

function role(name: string, rules: PolicyRule[], labels: Readonly<Record<string, string>> = {}): ClusterRole & Named {
  return { apiVersion, kind: 'ClusterRole', metadata: metadata(name, labels), rules };
}

/** A role that holds the rules of all roles with a label; they are kept up to date as such roles come and go. */
function aggregate(of: 'admin' | 'edit' | 'view', rules: PolicyRule[], labels = {}): ClusterRole & Named {
  const clusterRoleSelectors = [{ matchLabels: { [label(of)]: 'true' } }];
  return { ...role(of, rules, labels), aggregationRule: { clusterRoleSelectors } };
}

function binding(name: string, ...groups: string[]): ClusterRoleBinding & Named {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name, {}),
    subjects: groups.map((each) => ({ kind: 'Group', apiGroup: group, name: each })),
    roleRef: { apiGroup: group, kind: 'ClusterRole', name },
  };
}

type Named = { apiVersion: string; kind: string; metadata: { name: string } };

function metadata(name: string, labels: Readonly<Record<string, string>>): Named['metadata'] & object {
  return {
    name,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  } as Named['metadata'];
}

/** Roles under the names and with the meaning that manifests and users of Kubernetes count on. */
export const bootstrapRoles: readonly (ClusterRole & Named)[] = [
  role('cluster-admin', [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ]),
  aggregate('admin', [...editRules, ...viewRules, ...adminRules]),
  aggregate('edit', [...editRules, ...viewRules], { [label('admin')]: 'true' }),
  aggregate('view', viewRules, { [label('edit')]: 'true' }),
  role('system:aggregate-to-admin', adminRules, { [label('admin')]: 'true' }),
  role('system:aggregate-to-edit', editRules, { [label('edit')]: 'true' }),
  role('system:aggregate-to-view', viewRules, { [label('view')]: 'true' }),
  role('system:discovery', readPaths(...discoveryPaths)),
  role('system:basic-user', [
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  ]),
  role('system:public-info-viewer', readPaths(...publicPaths)),
  role('system:service-account-issuer-discovery', readPaths('/.well-known/openid-configuration', '/openid/v1/jwks')),
  role('system:auth-delegator', [
    { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
    { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'] },
  ]),
];

export const bootstrapBindings: readonly (ClusterRoleBinding & Named)[] = [
  binding('cluster-admin', masters),
  binding('system:discovery', authenticated),
  binding('system:basic-user', authenticated),
  binding('system:public-info-viewer', authenticated, 'system:unauthenticated'),
  binding('system:service-account-issuer-discovery', 'system:serviceaccounts'),
];
