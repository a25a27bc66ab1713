import { ApiError } from '../shared/errors.ts';
import type { ResourceAttributes } from './api/access/attributes.ts';
import type { Authorizer } from './api/access/authorizer.ts';
import type { ExtensionRoute } from './api/deps.ts';
import { listTargets, targetRoles } from './metrics/targets/targets.ts';
import type { Store } from './store/store.ts';

/**
 * `/berth/v1/targets/<role>`: what `http_sd_configs` of Prometheus reads. Whoever may list what a role is made from may
 * read it, so that the role which Prometheus has in a cluster is enough.
 */
export function targetRoutes(store: Store, authorizer: Pick<Authorizer, 'require'>): ExtensionRoute[] {
  return [
    {
      method: 'GET',
      path: '/berth/v1/targets/:role',
      checksAccess: true,
      handler: (_body, { params, query, user }) => {
        const role = targetRoles.get(params['role'] ?? '');
        const names = [...targetRoles.keys()].join(', ');
        if (role === undefined) throw new ApiError('NotFound', `there are targets of the roles ${names}`);
        const isOfCluster = role.resources.includes('nodes');
        const namespaces = isOfCluster ? [] : [...new Set(query.getAll('namespace'))].filter((name) => name !== '');
        for (const namespace of namespaces.length === 0 ? [''] : namespaces) {
          for (const name of role.resources) authorizer.require(user, listing(name, namespace));
        }
        return listTargets(store, role, namespaces);
      },
    },
  ];
}

function listing(name: string, namespace: string): ResourceAttributes {
  const [resource = '', ...group] = name.split('.');
  return { verb: 'list', group: group.join('.'), resource, subresource: '', namespace, name: '' };
}
