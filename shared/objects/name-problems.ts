import { label, qualified, subdomain } from './names.ts';

/**
 * What is wrong with a name: nothing, or one message for each rule that it breaks, in the words and the order of
 * Kubernetes (apimachinery, `pkg/util/validation`), which its users look up.
 */
export type NameProblems = (name: string) => string[];

const alphanumericEnds = 'and must start and end with an alphanumeric character';
const labelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainPattern = `${labelPattern}(\\.${labelPattern})*`;
const qualifiedPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const ofQualified = `must consist of alphanumeric characters, '-', '_' or '.', ${alphanumericEnds}`;
const qualifiedExamples = "'MyName',  or 'my.name',  or '123-abc'";

const explain = (rule: string, examples: string, pattern: string): string =>
  `${rule} (e.g. ${examples}, regex used for validation is '${pattern}')`;

const notLabel = explain(
  `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', ${alphanumericEnds}`,
  "'my-name',  or '123-abc'",
  labelPattern,
);
const notSubdomain = explain(
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', ${alphanumericEnds}`,
  "'example.com'",
  subdomainPattern,
);
const notServiceName = explain(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  "'my-name',  or 'abc-123'",
  '[a-z]([-a-z0-9]*[a-z0-9])?',
);
const notWildcard = explain(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  "'*.example.com'",
  `\\*\\.${subdomainPattern}`,
);
const notQualified = explain(`a qualified name ${ofQualified}`, qualifiedExamples, qualifiedPattern);
const notNamePart = explain(`name part ${ofQualified}`, qualifiedExamples, qualifiedPattern);
const notLabelValue = explain(
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', ${alphanumericEnds}`,
  "'MyValue',  or 'my_value',  or '12345'",
  `(${qualifiedPattern})?`,
);
const notConfigKey = explain(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  "'key.name',  or 'KEY_NAME',  or 'key-name'",
  '[-._a-zA-Z0-9]+',
);
const notVariable = "a valid environment variable name must consist only of printable ASCII characters other than '='";

/** What is longer than any name may be is not even read. */
const readable = 1000;
const matches = (name: string, grammar: RegExp): boolean => name.length > readable || grammar.test(name);
const unless = (isRight: boolean, problem: string): string[] => (isRight ? [] : [problem]);
const atMost = (name: string, most: number, what = ''): string[] =>
  unless(name.length <= most, `${what}must be no more than ${most} characters`);

export const dnsLabelProblems: NameProblems = (name) => {
  const problem = matches(name, subdomain) ? 'must not contain dots' : notLabel;
  return [...atMost(name, 63), ...unless(matches(name, label), problem)];
};

export const dnsSubdomainProblems: NameProblems = (name) => [
  ...atMost(name, 253),
  ...unless(matches(name, subdomain), notSubdomain),
];

/** The name of a Service, which programs find in variables named after it (RFC 1035). */
export const serviceNameProblems: NameProblems = (name) => [
  ...atMost(name, 63),
  ...unless(/^[a-z]/.test(name) && matches(name, label), notServiceName),
];

/** `*.example.com` */
export const wildcardProblems: NameProblems = (name) => [
  ...atMost(name, 253),
  ...unless(name.startsWith('*.') && matches(name.slice(2), subdomain), notWildcard),
];

/** The key of a label, an annotation or a taint: `app`, `example.com/app`. */
export const labelKeyProblems: NameProblems = (name) => {
  const parts = name.split('/', 3);
  if (parts.length > 2)
    return [`${notQualified} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  const [last = '', prefix] = parts.toReversed();
  return [
    ...(prefix === undefined ? [] : prefixProblems(prefix)),
    ...unless(last !== '', 'name part must be non-empty'),
    ...atMost(last, 63, 'name part '),
    ...unless(matches(last, qualified), notNamePart),
  ];
};

function prefixProblems(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return dnsSubdomainProblems(prefix).map((problem) => `prefix part ${problem}`);
}

export const labelValueProblems: NameProblems = (name) => [
  ...atMost(name, 63),
  ...unless(name === '' || matches(name, qualified), notLabelValue),
];

/** A key of a ConfigMap or Secret: it may become a file name. */
export const configKeyProblems: NameProblems = (name) => [
  ...atMost(name, 253),
  ...unless(/^[-._a-zA-Z0-9]+$/.test(name), notConfigKey),
  ...(name === '.' || name === '..' ? [`must not be '${name}'`] : []),
  ...unless(!name.startsWith('..') || name === '..', "must not start with '..'"),
];

/** As Kubernetes has it since 1.32 (KEP-4369). */
export const envNameProblems: NameProblems = (name) => [
  ...unless(name !== '', 'environment variable name must be non-empty'),
  ...unless(/^[ -<>-~]*$/.test(name), notVariable),
];

export const portNameProblems: NameProblems = (name) => [
  ...atMost(name, 15),
  ...unless(/^[-a-z0-9]*$/.test(name), 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'),
  ...unless(/[a-z]/.test(name), 'must contain at least one letter (a-z)'),
  ...unless(!name.includes('--'), 'must not contain consecutive hyphens'),
  ...unless(!/^-|-$/.test(name), 'must not begin or end with a hyphen'),
];
