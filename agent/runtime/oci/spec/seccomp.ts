import { ApiError } from '../../../../shared/errors.ts';
import type { OciSeccomp, OciSyscalls } from './oci-spec.ts';
import {
  allowedCalls,
  allowedPersonalities,
  callsByCapability,
  namespaceFlags,
  refusedCalls,
  refusedSocketFamily,
} from './seccomp-profile.ts';

const allow = 'SCMP_ACT_ALLOW';
const refuse = 'SCMP_ACT_ERRNO';
const notPermitted = 1;
const notImplemented = 38;

const architectures: Record<string, string> = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' };

/** Berth's own profile for a container with these capabilities. Only the native architecture: each more costs at every start. */
export function defaultSeccomp(capabilities: ReadonlySet<string>, arch: string = process.arch): OciSeccomp {
  const granted = Object.entries(callsByCapability).filter(([capability]) => capabilities.has(capability));
  const permitted = new Set([...Object.values(allowedCalls), ...granted.map(([, calls]) => calls)].flatMap(words));
  const guarded = new Set([...Object.values(callsByCapability), refusedCalls].flatMap(words));
  guarded.delete('clone3'); // answers ENOSYS, so that the C library takes clone, whose flags can be looked at
  const mayMakeNamespaces = capabilities.has('CAP_SYS_ADMIN');
  const native = architectures[arch];
  return {
    defaultAction: refuse,
    defaultErrnoRet: notImplemented,
    ...(native === undefined ? {} : { architectures: [native] }),
    syscalls: [
      { names: [...permitted], action: allow },
      { names: [...guarded].filter((name) => !permitted.has(name)), action: refuse, errnoRet: notPermitted },
      ...allowedPersonalities.map((value) => onArgument('personality', { index: 0, value, op: 'SCMP_CMP_EQ' })),
      onArgument('socket', { index: 0, value: refusedSocketFamily, op: 'SCMP_CMP_NE' }),
      mayMakeNamespaces
        ? { names: ['clone'], action: allow }
        : onArgument('clone', { index: 0, value: namespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }),
    ],
  };
}

interface ContainersRule extends OciSyscalls {
  name?: string;
  includes?: Filter;
  excludes?: Filter;
}

interface Filter {
  caps?: string[];
  arches?: string[];
}

const filterArchitectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

/**
 * A profile as users have it in files: plain OCI, or the containers format, whose rules apply by capability and
 * architecture. Runtimes know nothing of those conditions, so they are decided here.
 */
export function parseSeccomp(text: string, capabilities: ReadonlySet<string>, arch: string = process.arch): OciSeccomp {
  const profile = parseProfile(text);
  const matches = ({ caps = [], arches = [] }: Filter): boolean =>
    caps.some((name) => capabilities.has(name)) || arches.includes(filterArchitectures[arch] ?? arch);
  const isSet = ({ caps = [], arches = [] }: Filter): boolean => caps.length + arches.length > 0;
  const holds = (filter: Filter): boolean =>
    (filter.caps ?? []).every((name) => capabilities.has(name)) &&
    ((filter.arches ?? []).length === 0 || matches({ arches: filter.arches ?? [] }));
  const syscalls = (profile.syscalls ?? [])
    .filter(({ includes = {}, excludes = {} }) => (!isSet(includes) || holds(includes)) && !matches(excludes))
    .map(({ names, name, action, errnoRet, args }) => ({
      names: names ?? (name === undefined ? [] : [name]),
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args === undefined ? {} : { args }),
    }));
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(profile.architectures === undefined ? {} : { architectures: profile.architectures }),
    syscalls,
  };
}

function parseProfile(text: string): Omit<OciSeccomp, 'syscalls'> & { syscalls?: ContainersRule[] } {
  try {
    const parsed = JSON.parse(text) as Omit<OciSeccomp, 'syscalls'> & { syscalls?: ContainersRule[] };
    if (typeof parsed.defaultAction === 'string') return parsed;
  } catch (error) {
    throw new ApiError('BadRequest', 'the seccomp profile is not JSON', {}, { cause: error });
  }
  throw new ApiError('BadRequest', 'the seccomp profile has no defaultAction');
}

function onArgument(name: string, argument: NonNullable<OciSyscalls['args']>[number]): OciSyscalls {
  return { names: [name], action: allow, args: [argument] };
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
