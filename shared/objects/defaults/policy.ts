import type {
  ClusterRoleBinding,
  HorizontalPodAutoscaler,
  HPAScalingRules,
  LimitRange,
  LimitRangeItem,
  PriorityClass,
  RoleBinding,
} from '../types.ts';

/** Fills in a HorizontalPodAutoscaler: without metrics it aims at four fifths of the requested CPU. */
export function defaultAutoscaler({ spec }: HorizontalPodAutoscaler): void {
  if (!spec) return;
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) {
    const target = { type: 'Utilization', averageUtilization: 80 };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  if (!spec.behavior) return;
  const double = { type: 'Percent', value: 100, periodSeconds: 15 };
  spec.behavior.scaleUp = rulesOf(spec.behavior.scaleUp, [{ type: 'Pods', value: 4, periodSeconds: 15 }, double]);
  spec.behavior.scaleUp.stabilizationWindowSeconds ??= 0;
  spec.behavior.scaleDown = rulesOf(spec.behavior.scaleDown, [double]);
}

function rulesOf(rules: HPAScalingRules = {}, policies: HPAScalingRules['policies']): HPAScalingRules {
  const isBare = (rules.policies ?? []).length === 0;
  return { ...rules, selectPolicy: rules.selectPolicy || 'Max', policies: isBare ? policies : rules.policies };
}

/** Fills in a LimitRange: a maximum is also the limit of who sets none, and that is also what is requested. */
export function defaultLimitRange({ spec }: LimitRange): void {
  for (const item of spec?.limits ?? []) if (item.type === 'Container') defaultLimits(item);
}

function defaultLimits(item: LimitRangeItem): void {
  const limits = { ...item.max, ...item.default };
  if (Object.keys(limits).length > 0) item.default = limits;
  const requests = { ...item.min, ...limits, ...item.defaultRequest };
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}

/** Fills in a PriorityClass. */
export function defaultPriorityClass(priorityClass: PriorityClass): void {
  priorityClass.preemptionPolicy ||= 'PreemptLowerPriority';
}

const rbac = 'rbac.authorization.k8s.io';

/** Fills in a RoleBinding or ClusterRoleBinding: accounts are of the core group, people and groups of this one. */
export function defaultBinding({ roleRef, subjects }: RoleBinding | ClusterRoleBinding): void {
  if (roleRef) roleRef.apiGroup ||= rbac;
  for (const subject of subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbac;
  }
}
