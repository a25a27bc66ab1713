import { isIP } from 'node:net';
import type { Cause } from '../../errors.ts';
import { isDnsLabel, isDnsSubdomain, isLabelKey, isLabelValue } from '../names.ts';
import { invalid } from './causes.ts';

/** Checks of single values: each returns the causes for one field, none when the value is absent. */
export type FormatCheck = (value: string | undefined, field: string) => Cause[];

const labelDetail =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomainDetail =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const serviceDetail =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const wildcardDetail =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const keyDetail =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const valueDetail =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const envDetail =
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
const configKeyDetail =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const portNameDetail =
  "must contain only alpha-numeric characters (a-z, 0-9), and hyphens ('-'), at least one letter (a-z), no two hyphens in a row, and no hyphen at either end";

function check(value: string | undefined, field: string, isValid: (text: string) => boolean, detail: string): Cause[] {
  return value === undefined || value === '' || isValid(value) ? [] : [invalid(field, value, detail)];
}

function bounded(value: string | undefined, field: string, max: number): Cause[] {
  return (value ?? '').length > max ? [invalid(field, value, `must be no more than ${max} characters`)] : [];
}

export const dnsLabel: FormatCheck = (value, field) => {
  const long = bounded(value, field, 63);
  return long.length > 0 ? long : check(value, field, isDnsLabel, labelDetail);
};

export const dnsSubdomain: FormatCheck = (value, field) => {
  const long = bounded(value, field, 253);
  return long.length > 0 ? long : check(value, field, isDnsSubdomain, subdomainDetail);
};

/** The name of a Service, which programs find in variables named after it. */
export const serviceName: FormatCheck = (value, field) => {
  const long = bounded(value, field, 63);
  return long.length > 0 ? long : check(value, field, (text) => /^[a-z]/.test(text) && isDnsLabel(text), serviceDetail);
};

/** `*.example.com` or a plain name. */
export const hostName: FormatCheck = (value, field) => {
  if (!value?.includes('*')) return dnsSubdomain(value, field);
  const isWildcard = (text: string): boolean => text.startsWith('*.') && isDnsSubdomain(text.slice(2));
  return check(value, field, isWildcard, wildcardDetail);
};

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

export const labelKey: FormatCheck = (value, field) => check(value, field, isLabelKey, keyDetail);

export const labelValue: FormatCheck = (value, field) => {
  const long = bounded(value, field, 63);
  return long.length > 0 ? long : check(value, field, isLabelValue, valueDetail);
};

export const envName: FormatCheck = (value, field) =>
  check(value, field, (text) => /^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(text) && !isDots(text), envDetail);

/** A key of a ConfigMap or Secret: it may become a file name. */
export const configKey: FormatCheck = (value, field) => {
  if (value === '') return [invalid(field, value, configKeyDetail)];
  const long = bounded(value, field, 253);
  if (long.length > 0) return long;
  if (value !== undefined && isDots(value)) return [invalid(field, value, `must not be '.' or start with '..'`)];
  return check(value, field, (text) => /^[-._a-zA-Z0-9]+$/.test(text), configKeyDetail);
};

function isDots(text: string): boolean {
  return text === '.' || text.startsWith('..');
}

/** The name of a port: at most 15 characters. */
export const portName: FormatCheck = (value, field) => {
  if ((value ?? '').length > 15) return [invalid(field, value, 'must be no more than 15 characters')];
  const isName = (text: string): boolean => /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(text) && /[a-z]/.test(text);
  return check(value, field, isName, portNameDetail);
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
