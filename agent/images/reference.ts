import { ImageError } from './image-service.ts';

/** An image name taken apart. Always complete: a tag or a digest, or both. */
export interface Reference {
  /** Host with port as written; `docker.io` for Docker Hub. */
  registry: string;
  repository: string;
  tag?: string;
  /** Wins over the tag. */
  digest?: string;
}

const hubAliases = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']);
const hostPattern =
  /^(?:\[[0-9a-fA-F:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]{1,5})?$/;
const componentPattern = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;
const maxNameLength = 255;

/** `docker.io` for all names of Docker Hub, the host itself otherwise. */
export function normalizeRegistry(host: string): string {
  return hubAliases.has(host.toLowerCase()) ? 'docker.io' : host;
}

/** Says that `text` is a sha256 digest as registries write it. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/** The hex part of a sha256 digest, safe as a file name. Throws for anything else. */
export function hexOf(digest: string): string {
  if (!isDigest(digest)) throw new ImageError('ErrImagePull', `"${digest.slice(0, 100)}" is not a sha256 digest`);
  return digest.slice('sha256:'.length);
}

/** Reads an image name as Docker does. Throws ImageError InvalidImageName that says which part is wrong. */
export function parseReference(text: string): Reference {
  const fail = (why: string): never => {
    throw new ImageError('InvalidImageName', `invalid image name "${text.slice(0, 300)}": ${why}`);
  };
  if (text === '') fail('it is empty');
  if (text !== text.trim()) fail('it begins or ends with a space');
  const [beforeDigest = '', digest, ...more] = text.split('@');
  if (more.length > 0) fail('it has more than one "@"');
  if (digest !== undefined && !isDigest(digest)) fail('after "@" there must be sha256: and 64 lower-case hex digits');
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const name = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);
  const tag = colon < 0 ? undefined : beforeDigest.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) {
    fail(
      `the tag "${tag.slice(0, 140)}" must be 1 to 128 letters, digits, "_", "." or "-", not beginning with "." or "-"`,
    );
  }
  if (/^[0-9a-f]{64}$/.test(name)) fail('64 hex digits are an image id, not a name');
  const { registry, repository } = splitRegistry(name);
  if (!hostPattern.test(registry)) fail(`"${registry}" is not a registry host`);
  checkRepository(repository, fail);
  if (registry.length + 1 + repository.length > maxNameLength) fail(`it is longer than ${maxNameLength} characters`);
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

function splitRegistry(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const registry = normalizeRegistry(isHost ? first : 'docker.io');
  const rest = isHost ? name.slice(slash + 1) : name;
  const isOfficial = registry === 'docker.io' && !rest.includes('/');
  return { registry, repository: isOfficial ? `library/${rest}` : rest };
}

function checkRepository(repository: string, fail: (why: string) => never): void {
  for (const component of repository.split('/')) {
    if (component === '') fail('a part of the name is empty');
    if (component !== component.toLowerCase()) fail(`"${component}" must be lower case`);
    if (!componentPattern.test(component)) {
      fail(`"${component}" may hold lower-case letters and digits, and single ".", "_", "__" or "-" between them`);
    }
  }
}

/** `registry/repository`. */
export function repositoryName({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}

/** The one spelling of a reference: `registry/repository:tag`, or `registry/repository@digest` when it has a digest. */
export function canonicalName(reference: Reference): string {
  const { tag = 'latest', digest } = reference;
  return `${repositoryName(reference)}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}
