import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';
import { compareQuantities, parseQuantity, readQuantity } from '../quantity.ts';
import type { LimitRange, LimitRangeItem, ResourceQuota } from '../types.ts';
import { eachOf, findDuplicates, forbidden, invalid, required } from './causes.ts';
import { labelKey } from './formats.ts';

const computeNames = ['cpu', 'memory', 'ephemeral-storage'];
const objectNames = [
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
  'services.loadbalancers',
  'services.nodeports',
];
const quotaNames: ReadonlySet<string> = new Set([
  ...computeNames,
  ...computeNames.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  'storage',
  'requests.storage',
  ...objectNames,
]);
const scopes: ReadonlySet<string> = new Set([
  'BestEffort',
  'CrossNamespacePodAffinity',
  'NotBestEffort',
  'NotTerminating',
  'PriorityClass',
  'Terminating',
  'VolumeAttributesClass',
]);
const opposites = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

/** Checks a ResourceQuota. */
export function quotaCauses({ spec = {} }: ResourceQuota): Cause[] {
  const terms = spec.scopeSelector?.matchExpressions;
  return [
    ...Object.entries(spec.hard ?? {}).flatMap(([name, text]) => hardCauses(name, text)),
    ...scopeCauses(spec.scopes),
    ...eachOf(terms, 'spec.scopeSelector.matchExpressions', scopeTermCauses),
  ];
}

function hardCauses(name: string, text: string): Cause[] {
  const field = `spec.hard[${name}]`;
  const isKnown = quotaNames.has(name) || name.includes('/') || /^(?:requests\.|limits\.)?hugepages-/.test(name);
  const causes = labelKey(name, field);
  if (causes.length === 0 && !isKnown) causes.push(invalid(field, name, 'must be a standard resource for quota'));
  const { nano } = parseQuantity(readQuantity(text) ? text : '0');
  const isCount = objectNames.includes(name) || name.startsWith('count/');
  if (nano < 0n) return [...causes, invalid(field, text, 'must be greater than or equal to 0')];
  return isCount && nano % 1_000_000_000n !== 0n ? [...causes, invalid(field, text, 'must be an integer')] : causes;
}

function scopeCauses(asked: readonly string[] = []): Cause[] {
  const field = 'spec.scopes';
  const isUnknown = asked.some((scope) => !scopes.has(scope));
  const isTorn = opposites.some((pair) => pair.every((scope) => asked.includes(scope)));
  return [
    ...(isUnknown ? [invalid(field, asked, 'unsupported scope')] : []),
    ...(isTorn ? [invalid(field, asked, 'conflicting scopes')] : []),
  ];
}

type ScopeTerm = NonNullable<
  NonNullable<NonNullable<ResourceQuota['spec']>['scopeSelector']>['matchExpressions']
>[number];

function scopeTermCauses({ scopeName, operator, values = [] }: ScopeTerm, path: string): Cause[] {
  const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'];
  const isKnown = !operator || operators.includes(operator);
  const takesValues = operator === 'In' || operator === 'NotIn';
  const field = `${path}.values`;
  return [
    ...(scopeName && !scopes.has(scopeName) ? [invalid(`${path}.scopeName`, scopeName, 'unsupported scope')] : []),
    ...(isKnown ? [] : [invalid(`${path}.operator`, operator, 'not a valid selector operator')]),
    ...(takesValues && values.length === 0
      ? [required(field, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")]
      : []),
    ...(isKnown && !takesValues && values.length > 0
      ? [invalid(field, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")]
      : []),
  ];
}

/** What a quota counts stays: only how much may change. */
export function quotaUpdateCauses({ spec }: ResourceQuota, { spec: old }: ResourceQuota): Cause[] {
  const sorted = (list: readonly string[] = []): string[] => [...list].sort();
  if (isDeepStrictEqual(sorted(spec?.scopes), sorted(old?.scopes))) return [];
  return [invalid('spec.scopes', spec?.scopes ?? null, 'field is immutable')];
}

/** Checks a LimitRange. */
export function limitRangeCauses({ spec }: LimitRange): Cause[] {
  return [
    ...findDuplicates(
      spec?.limits,
      (index) => `spec.limits[${index}].type`,
      ({ type }) => type,
    ),
    ...eachOf(spec?.limits, 'spec.limits', itemCauses),
  ];
}

function itemCauses(item: LimitRangeItem, path: string): Cause[] {
  const { type, max = {}, min = {}, default: limits = {}, defaultRequest: requests = {} } = item;
  const onlyContainers = (['default', 'defaultRequest'] as const)
    .filter((name) => type === 'Pod' && item[name] !== undefined)
    .map((name) => forbidden(`${path}.${name}`, "may not be specified when `type` is 'Pod'"));
  const isClaim = type === 'PersistentVolumeClaim' && !max['storage'] && !min['storage'];
  const needed = 'either minimum or maximum storage value is required, but neither was provided';
  return [
    ...onlyContainers,
    ...(isClaim ? [required(`${path}.limits`, needed)] : []),
    ...orderCauses([min, 'min'], [max, 'max'], { min }, path),
    ...orderCauses([min, 'min'], [requests, 'default request'], { defaultRequest: requests }, path),
    ...orderCauses([requests, 'default request'], [max, 'max'], { defaultRequest: requests }, path),
    ...orderCauses([requests, 'default request'], [limits, 'default limit'], { defaultRequest: requests }, path),
    ...orderCauses([min, 'min'], [limits, 'default'], { default: limits }, path),
    ...orderCauses([limits, 'default'], [max, 'max'], { default: limits }, path),
    ...ratioCauses(item.maxLimitRequestRatio, `${path}.maxLimitRequestRatio`),
  ];
}

type Amounts = Readonly<Record<string, string>>;

/** Amounts that exceed others, with their names; `blamed` is the field that is told of, with what it holds. */
function orderCauses(
  [lesser, lesserName]: readonly [Amounts, string],
  [greater, greaterName]: readonly [Amounts, string],
  blamed: Readonly<Record<string, Amounts>>,
  path: string,
): Cause[] {
  return Object.entries(lesser).flatMap(([name, text]) => {
    const [low, high] = [readQuantity(text), readQuantity(greater[name] ?? '')];
    if (!low || !high || compareQuantities(low, high) <= 0) return [];
    const detail = `${lesserName} value ${text} is greater than ${greaterName} value ${greater[name]}`;
    return Object.entries(blamed).map(([field, held]) => invalid(`${path}.${field}[${name}]`, held[name], detail));
  });
}

function ratioCauses(ratios: Amounts = {}, path: string): Cause[] {
  return Object.entries(ratios)
    .filter(([, text]) => (readQuantity(text)?.nano ?? 0n) < 1_000_000_000n)
    .map(([name, text]) => invalid(`${path}[${name}]`, text, `ratio ${text} is less than 1`));
}
