import type { Cause } from '../../../shared/errors.ts';
import { invalid } from '../../../shared/objects/validation/causes.ts';

/** Least strict first. */
export const levels = ['privileged', 'baseline', 'restricted'] as const;
export type Level = (typeof levels)[number];

/** What a violation leads to: a refusal, a line in the log, or a Warning header. */
export const modes = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof modes)[number];

/** One of the standards, as it was in a version of Kubernetes. */
export interface Standard {
  level: Level;
  /** `latest`, or `v1.` and a number. */
  version: string;
}

export type Policy = Readonly<Record<Mode, Standard>>;

type Labels = Readonly<Record<string, string>>;

const prefix = 'pod-security.kubernetes.io/';

/** Labels of a mode: that of its level, and that of its version. */
export function labelsOf(mode: Mode): [string, string] {
  return [`${prefix}${mode}`, `${prefix}${mode}-version`];
}

/**
 * What the labels of a namespace ask for. Nothing is asked without them; warnings follow what is enforced unless they
 * have labels of their own. A level that cannot be read is taken for the strictest where it is enforced.
 */
export function policyOf(labels: Labels = {}): Policy {
  const [enforce, audit, warn] = [
    standardOf(labels, 'enforce'),
    standardOf(labels, 'audit'),
    standardOf(labels, 'warn'),
  ];
  const hasOwnWarn = labelsOf('warn').some((name) => Object.hasOwn(labels, name));
  return { enforce, audit, warn: hasOwnWarn ? warn : enforce };
}

/** What is wrong with the labels. */
export function policyCauses(labels: Labels = {}): Cause[] {
  return modes.flatMap((mode) => {
    const [levelLabel, versionLabel] = labelsOf(mode);
    const [level, version] = [labels[levelLabel], labels[versionLabel]];
    const wrong = (label: string, value: string, detail: string): Cause =>
      invalid(`metadata.labels[${label}]`, value, detail);
    return [
      ...(level === undefined || isLevel(level)
        ? []
        : [wrong(levelLabel, level, `must be one of ${levels.join(', ')}`)]),
      ...(version === undefined || isVersion(version)
        ? []
        : [wrong(versionLabel, version, 'must be "latest" or "v1.x"')]),
    ];
  });
}

/** `baseline:v1.30` */
export function standardName({ level, version }: Standard): string {
  return `${level}:${version}`;
}

function standardOf(labels: Labels, mode: Mode): Standard {
  const [levelLabel, versionLabel] = labelsOf(mode);
  const [level = 'privileged', version = 'latest'] = [labels[levelLabel], labels[versionLabel]];
  const fallback = mode === 'enforce' ? 'restricted' : 'privileged';
  return { level: isLevel(level) ? level : fallback, version: isVersion(version) ? version : 'latest' };
}

function isLevel(text: string): text is Level {
  return levels.includes(text as Level);
}

function isVersion(text: string): boolean {
  return text === 'latest' || /^v1\.(0|[1-9][0-9]{0,5})$/.test(text);
}
