import { isIP } from 'node:net';
import type { Cause } from '../../errors.ts';
import {
  configKeyProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  envNameProblems,
  labelKeyProblems,
  labelValueProblems,
  portNameProblems,
  serviceNameProblems,
  wildcardProblems,
  type NameProblems,
} from '../name-problems.ts';
import { isDnsSubdomain } from '../names.ts';
import { invalid } from './causes.ts';

/** Checks of single values: each returns the causes for one field, none when the value is absent. */
export type FormatCheck = (value: string | undefined, field: string) => Cause[];

function check(value: string | undefined, field: string, isValid: (text: string) => boolean, detail: string): Cause[] {
  return value === undefined || value === '' || isValid(value) ? [] : [invalid(field, value, detail)];
}

/** One cause for each rule that a name breaks. */
function named(problems: NameProblems): FormatCheck {
  return (value, field) => (value ? problems(value).map((problem) => invalid(field, value, problem)) : []);
}

export const dnsLabel = named(dnsLabelProblems);
export const dnsSubdomain = named(dnsSubdomainProblems);
export const serviceName = named(serviceNameProblems);
export const labelKey = named(labelKeyProblems);
export const labelValue = named(labelValueProblems);
export const envName = named(envNameProblems);
export const portName = named(portNameProblems);

/** `*.example.com` or a plain name. */
export const hostName: FormatCheck = (value, field) =>
  named(value?.includes('*') ? wildcardProblems : dnsSubdomainProblems)(value, field);

/** A key of a ConfigMap or Secret, which must not be empty. */
export const configKey: FormatCheck = (value, field) =>
  value === undefined ? [] : configKeyProblems(value).map((problem) => invalid(field, value, problem));

/** A name that only has to stand in a URL. */
export const pathSegment: FormatCheck = (value, field) => {
  if (value === '.' || value === '..') return [invalid(field, value, `may not be '${value}'`)];
  return ['/', '%']
    .filter((sign) => value?.includes(sign))
    .map((sign) => invalid(field, value, `may not contain '${sign}'`));
};

/** `example.com/name`: who the thing behind the name belongs to. */
export const domainPath: FormatCheck = (value, field) => {
  const detail = 'must be a domain-prefixed path (such as "acme.io/foo")';
  const isPath = (text: string): boolean => {
    const [domain = '', ...rest] = text.split('/');
    return isDnsSubdomain(domain) && rest.length > 0 && /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest.join('/'));
  };
  return check(value, field, isPath, detail);
};

export const ipAddress: FormatCheck = (value, field) =>
  check(value, field, (text) => isIP(text) !== 0, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');

/** A path inside a volume: relative and never above it. */
export const insidePath: FormatCheck = (value, field) => {
  if (value?.startsWith('/')) return [invalid(field, value, 'must be a relative path')];
  return check(value, field, (text) => !climbs(text), "must not contain '..'");
};

/** A path on the host or in a container, which means what it says. */
export const absolutePath: FormatCheck = (value, field) => {
  if (value !== undefined && climbs(value)) return [invalid(field, value, "must not contain '..'")];
  return check(value, field, (text) => text.startsWith('/'), 'must be an absolute path');
};

/** Says whether one element of a path is `..`. */
function climbs(path: string): boolean {
  return path.split('/').includes('..');
}

/** A whole number with bounds. */
export function between(value: number | undefined, field: string, min: number, max: number): Cause[] {
  if (value === undefined || (value >= min && value <= max)) return [];
  return [invalid(field, value, `must be between ${min} and ${max}, inclusive`)];
}

export function atLeast(value: number | undefined, field: string, min: number): Cause[] {
  if (value === undefined || value >= min) return [];
  const detail = min === 1 ? 'must be greater than 0' : `must be greater than or equal to ${min}`;
  return [invalid(field, value, detail)];
}

export function portNumber(value: number | undefined, field: string): Cause[] {
  return between(value, field, 1, 65_535);
}
