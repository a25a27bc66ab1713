import { hasReason } from '../../../shared/errors.ts';
import type { KubeObject, Secret, ServiceAccount } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import { Runner } from '../runner.ts';
import { planSecret, tokenType } from './plan.ts';

type SecretObject = KubeObject & Secret;

/** What is written into such Secrets. */
export interface AccountCredentials {
  /** The certificate that the API is known by (PEM). */
  authority: string;
  /** A token of this account that is good as long as this Secret. */
  issueLasting(order: {
    namespace: string;
    account: { name: string; uid: string };
    secret: { name: string; uid: string };
  }): string;
}

const nameAnnotation = 'kubernetes.io/service-account.name';

/** Fills Secrets of type kubernetes.io/service-account-token, and removes them with their account. Keys are `<namespace>/<name>`. */
export class AccountSecretReconciler {
  readonly #deps: ReconcileDeps;
  readonly #credentials: AccountCredentials;

  constructor(deps: ReconcileDeps, credentials: AccountCredentials) {
    this.#deps = deps;
    this.#credentials = credentials;
  }

  run(scope: Scope): void {
    const runner = new Runner('account-secret', (key) => this.reconcile(key), this.#deps, scope, 1);
    const apply = ({ key, object, type }: Change): void => {
      const { resource, namespace } = key;
      if (resource === 'secrets') {
        if (type !== 'DELETED' && (object as SecretObject).type === tokenType) runner.add(`${namespace}/${key.name}`);
      } else if (type !== 'MODIFIED') {
        for (const { metadata } of this.#secretsOf(namespace, key.name)) runner.add(`${namespace}/${metadata.name}`);
      }
    };
    startFollowing(this.#deps, { resources: ['secrets', 'serviceaccounts'], apply }, scope);
  }

  async reconcile(key: string): Promise<undefined> {
    const { store } = this.#deps;
    const [namespace = '', name = ''] = key.split('/');
    const secret = store.get<SecretObject>('secrets', namespace, name);
    if (secret?.type !== tokenType || secret.metadata.deletionTimestamp !== undefined) return;
    const accountName = secret.metadata.annotations?.[nameAnnotation] ?? '';
    const account = store.get<KubeObject & ServiceAccount>('serviceaccounts', namespace, accountName);
    const { uid = '' } = secret.metadata;
    const plan = planSecret(secret, account?.metadata.uid, this.#credentials.authority, () =>
      this.#credentials.issueLasting({
        namespace,
        account: { name: accountName, uid: account?.metadata.uid ?? '' },
        secret: { name, uid },
      }),
    );
    try {
      if (plan === 'remove') await store.remove('secrets', namespace, name, secret.metadata.resourceVersion);
      else if (plan !== 'keep') await store.update('secrets', plan);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  #secretsOf(namespace: string, account: string): SecretObject[] {
    const { items } = this.#deps.store.list<SecretObject>('secrets', { namespace });
    return items.filter(
      ({ type, metadata }) => type === tokenType && metadata.annotations?.[nameAnnotation] === account,
    );
  }
}
