import { Counter, type Registry } from 'prom-client';
import { ApiError } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { podTemplateOf } from '../../../shared/objects/pod-template.ts';
import { findResource, resourceName, type ResourceInfo } from '../../../shared/objects/resources.ts';
import type { Container, KubeObject, Namespace, Pod, PodSpec, Stored } from '../../../shared/objects/types.ts';
import { toInvalid } from '../../../shared/objects/validation/invalid.ts';
import type { Store } from '../../store/store.ts';
import type { AdmitNew } from '../patch/managed-store.ts';
import { violationsOf, type CheckedPod } from './checks.ts';
import { labelsOf, levels, modes, policyCauses, policyOf, standardName } from './policy.ts';
import type { Mode, Policy, Standard } from './policy.ts';
import type { Violation } from './subject.ts';

/** What no standard applies to. */
export interface PodSecurityExemptions {
  namespaces: readonly string[];
  users: readonly string[];
  runtimeClasses: readonly string[];
}

interface Deps {
  store: Store;
  log: Logger;
  registry: Registry;
  exemptions: PodSecurityExemptions;
}

/** A write that is about to be stored. */
export interface AdmittedWrite {
  info: ResourceInfo;
  object: KubeObject;
  /** Absent: it is made by this write. */
  old?: KubeObject;
  subresource?: string | undefined;
  /** The name of who writes. */
  user: string;
}

/** Pods of a namespace that are looked at when it is to enforce more; the warning names how many were. */
const maxPods = 3_000;

/** Holds writes against what their namespace asks for. Decides from the store alone, and changes nothing. */
export class PodSecurity {
  readonly #deps: Deps;
  readonly #evaluations: Counter<'decision' | 'mode' | 'policy_level' | 'resource'>;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#evaluations = new Counter({
      name: 'pod_security_evaluations_total',
      help: 'Pods and templates held against the standard of their namespace.',
      labelNames: ['decision', 'mode', 'policy_level', 'resource'],
      registers: [deps.registry],
    });
  }

  /** Warnings for the writer. Throws Forbidden for a pod, Invalid for labels of a namespace. */
  admit(write: AdmittedWrite): string[] {
    const { info, object, old, subresource } = write;
    const resource = resourceName(info);
    if (resource === 'namespaces') return subresource === undefined ? this.#admitNamespace(info, object, old) : [];
    const template = podTemplateOf(info, object);
    if (template?.spec === undefined || this.#isExempt(write, template.spec)) return [];
    if (resource !== 'pods' && subresource !== undefined) return [];
    if (resource === 'pods' && old !== undefined && !isSignificant(object, old)) return [];
    const { namespace = '' } = object.metadata;
    const { labels } = this.#deps.store.get<Stored<Namespace>>('namespaces', '', namespace)?.metadata ?? {};
    return this.#admitPod(write, { ...template, spec: template.spec }, policyOf(labels));
  }

  /** As `admit`, for a program of the control plane that makes objects in the store. */
  admitFor(user: string): AdmitNew {
    return (resource, object) => {
      const info = findResource(resource);
      if (info !== undefined) this.admit({ info, object, user });
    };
  }

  /** A pod is refused; of a template only is told what its pods would be refused for. */
  #admitPod({ info, object, user }: AdmittedWrite, checked: CheckedPod, policy: Policy): string[] {
    const resource = resourceName(info);
    const find = (mode: Mode): Violation[] => {
      const standard = policy[mode];
      const violations = violationsOf(standard, checked);
      const decision = violations.length > 0 ? 'deny' : 'allow';
      if (standard.level !== 'privileged') {
        this.#evaluations.inc({ decision, mode, policy_level: standard.level, resource });
      }
      return violations;
    };
    const { name, namespace } = object.metadata;
    const refusals = resource === 'pods' ? find('enforce') : [];
    const audited = find('audit');
    if (audited.length > 0) {
      const standard = standardName(policy.audit);
      const violations = detailsOf(audited);
      this.#deps.log.warn('pod security audit violation', { user, resource, namespace, name, standard, violations });
    }
    if (refusals.length > 0) {
      const message = `${resource} ${JSON.stringify(name)} is forbidden: violates ${quoted(policy.enforce, refusals)}`;
      throw new ApiError('Forbidden', message, { name, kind: info.plural, group: info.group || undefined });
    }
    const warned = find('warn');
    return warned.length > 0 ? [`would violate ${quoted(policy.warn, warned)}`] : [];
  }

  /** Labels that mean nothing are refused, unless they were there; pods that stay against a new rule are named. */
  #admitNamespace(info: ResourceInfo, { metadata }: KubeObject, old: KubeObject | undefined): string[] {
    const { name, labels } = metadata;
    const causes = policyCauses(labels);
    const before = policyCauses(old?.metadata.labels).map(({ field, message }) => `${field}: ${message}`);
    if (causes.some(({ field, message }) => !before.includes(`${field}: ${message}`))) {
      throw toInvalid(info, name, causes);
    }
    const [next, previous] = [policyOf(labels), policyOf(old?.metadata.labels)];
    const isSame = modes.every((mode) => standardName(next[mode]) === standardName(previous[mode]));
    if (isSame) return [];
    if (this.#deps.exemptions.namespaces.includes(name)) return exemptionWarning(name, next, labels ?? {});
    return old === undefined || !isStricter(next.enforce, previous.enforce)
      ? []
      : this.#podsAgainst(name, next.enforce);
  }

  #podsAgainst(namespace: string, standard: Standard): string[] {
    const { runtimeClasses } = this.#deps.exemptions;
    const { items } = this.#deps.store.list<Stored<Pod>>('pods', { namespace });
    const names = new Map<string, string[]>();
    for (const { metadata, spec } of items.slice(0, maxPods)) {
      if (spec === undefined || runtimeClasses.includes(spec.runtimeClassName ?? '')) continue;
      const reasons = violationsOf(standard, { metadata, spec }).map(({ reason }) => reason);
      if (reasons.length === 0) continue;
      const found = names.get(reasons.join(', '));
      if (found === undefined) names.set(reasons.join(', '), [metadata.name]);
      else found.push(metadata.name);
    }
    const limit = `new PodSecurity enforce level only checked against the first ${maxPods} of ${items.length} existing pods`;
    const title = `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level`;
    return [
      ...(items.length > maxPods ? [limit] : []),
      ...(names.size > 0 ? [`${title} ${JSON.stringify(standardName(standard))}`] : []),
      ...[...names].map(([reasons, pods]) => `${podsNamed(pods)}: ${reasons}`).sort(),
    ];
  }

  #isExempt({ object, user }: AdmittedWrite, { runtimeClassName = '' }: PodSpec): boolean {
    const { namespaces, users, runtimeClasses } = this.#deps.exemptions;
    return (
      namespaces.includes(object.metadata.namespace ?? '') ||
      users.includes(user) ||
      runtimeClasses.includes(runtimeClassName)
    );
  }
}

/** `PodSecurity "baseline:latest": privileged (container "web" must not set …)` */
function quoted(standard: Standard, violations: readonly Violation[]): string {
  return `PodSecurity ${JSON.stringify(standardName(standard))}: ${detailsOf(violations)}`;
}

function detailsOf(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
}

function isStricter(next: Standard, previous: Standard): boolean {
  if (next.level === 'privileged') return false;
  return next.version !== previous.version || levels.indexOf(next.level) > levels.indexOf(previous.level);
}

function exemptionWarning(namespace: string, policy: Policy, labels: Readonly<Record<string, string>>): string[] {
  const asked = modes
    .filter((mode) => policy[mode].level !== 'privileged')
    .filter((mode) => labelsOf(mode).some((label) => Object.hasOwn(labels, label)))
    .map((mode) => `${mode}=${standardName(policy[mode])}`);
  if (asked.length === 0) return [];
  const which = `the policy (${asked.join(', ')}) will be ignored`;
  return [`namespace ${JSON.stringify(namespace)} is exempt from Pod Security, and ${which}`];
}

function podsNamed(names: readonly string[]): string {
  const [first = '', ...others] = names.toSorted();
  if (others.length === 0) return first;
  return `${first} (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})`;
}

/** Whether an update of a pod changes what a check may look at: images, containers, annotations of profiles. */
function isSignificant(object: KubeObject, old: KubeObject): boolean {
  const partOf = (pod: KubeObject & { spec?: Partial<PodSpec> }): string => {
    const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
    const imageOf = ({ name, image }: Pick<Container, 'name' | 'image'>): string[] => [name, image ?? ''];
    const profiles = Object.entries(pod.metadata.annotations ?? {}).filter(([name]) => /seccomp|apparmor/.test(name));
    return JSON.stringify([
      [containers, initContainers, ephemeralContainers].map((list) => list.map(imageOf)),
      profiles,
    ]);
  };
  return partOf(object) !== partOf(old);
}
