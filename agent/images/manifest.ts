import { messageOf } from '../../shared/errors.ts';
import { ImageError } from './image-service.ts';
import { isDigest } from './reference.ts';
import type { ImageConfig } from './snapshotter.ts';

export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: Platform;
  annotations?: Record<string, string>;
}

export interface Index {
  kind: 'index';
  manifests: Descriptor[];
}

export interface Manifest {
  kind: 'manifest';
  config: Descriptor;
  layers: Descriptor[];
}

/** The config document of an image, as far as it is used. */
export interface ImageDocument {
  architecture?: string;
  os?: string;
  variant?: string;
  created?: string;
  config: ImageConfig;
  diffIds: string[];
}

export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
} as const;

const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];
const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
const configTypes: readonly string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig];
/** All that a manifest request accepts, in one header. */
export const acceptedTypes = [...indexTypes, ...manifestTypes].join(', ');

export const maxManifestBytes = 4 * 1024 * 1024;
/** What one overlay mount takes. */
export const maxLayers = 128;

function refuse(why: string): never {
  throw new ImageError('ErrImagePull', why);
}

function parseJson(body: Buffer, what: string): Record<string, unknown> {
  try {
    const value = JSON.parse(body.toString('utf8')) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new ImageError('ErrImagePull', `the ${what} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  return refuse(`the ${what} is not a JSON object`);
}

function asDescriptor(value: unknown, what: string): Descriptor {
  const found = (typeof value === 'object' && value !== null ? value : {}) as Partial<Descriptor>;
  const { digest, size, mediaType } = found;
  if (typeof digest !== 'string' || !isDigest(digest)) refuse(`the digest of ${what} is not a sha256 digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) refuse(`the size of ${what} is not a size`);
  if (typeof mediaType !== 'string') refuse(`${what} has no media type`);
  return { mediaType, digest, size, platform: found.platform, annotations: found.annotations };
}

/** Reads an index or a manifest. `contentType` is what the registry calls it; undefined where nobody says. */
export function parseDocument(body: Buffer, contentType: string | undefined): Index | Manifest {
  const value = parseJson(body, 'manifest');
  const said = contentType?.split(';')[0]?.trim().toLowerCase();
  const type = typeof value.mediaType === 'string' ? value.mediaType : (said ?? '');
  const isKnown = said !== undefined && (indexTypes.includes(said) || manifestTypes.includes(said));
  if (isKnown && said !== type) refuse(`the registry calls the manifest ${said}, it calls itself ${type}`);
  // One document read in two ways is how a signature for one image gets to cover another.
  if ('manifests' in value && ('layers' in value || 'config' in value)) refuse('the manifest is also an index');
  if ('fsLayers' in value || value.schemaVersion === 1)
    refuse('the manifest has the old schema 1, push the image anew');
  if (indexTypes.includes(type) || (!manifestTypes.includes(type) && Array.isArray(value.manifests))) {
    if (!Array.isArray(value.manifests)) refuse('the index has no list of manifests');
    return { kind: 'index', manifests: value.manifests.map((entry) => asDescriptor(entry, 'a manifest of the index')) };
  }
  if (!manifestTypes.includes(type) && !Array.isArray(value.layers)) {
    refuse(`media type "${type.slice(0, 100)}" is not an image manifest`);
  }
  return parseManifest(value);
}

/** Throws ImageError for more layers than can be mounted: ask before any is taken in. */
export function checkLayerCount(count: number): void {
  if (count > maxLayers) refuse(`the image has ${count} layers, at most ${maxLayers} can be mounted: squash some`);
}

function parseManifest(value: Record<string, unknown>): Manifest {
  if (!Array.isArray(value.layers)) refuse('the manifest has no list of layers');
  checkLayerCount(value.layers.length);
  const config = asDescriptor(value.config, 'the config');
  if (!configTypes.includes(config.mediaType)) {
    refuse(`it is not a container image: its config has media type ${config.mediaType.slice(0, 100)}`);
  }
  if (config.size > maxManifestBytes) refuse(`the image config of ${config.size} bytes is too large`);
  return { kind: 'manifest', config, layers: value.layers.map((layer) => asDescriptor(layer, 'a layer')) };
}

/** Reads an image config. */
export function parseImageDocument(body: Buffer): ImageDocument {
  const value = parseJson(body, 'image config');
  const rootfs = value.rootfs as { diff_ids?: unknown } | undefined;
  const diffIds = rootfs?.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every((id): id is string => typeof id === 'string' && isDigest(id))) {
    refuse('the image config has no valid list of layer ids (rootfs.diff_ids)');
  }
  const text = (key: string): string | undefined => {
    const found = value[key];
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const config = readConfig((typeof value.config === 'object' ? value.config : null) ?? {});
  const [architecture, os, variant, created] = [text('architecture'), text('os'), text('variant'), text('created')];
  return { architecture, os, variant, created, config, diffIds };
}

/** Whoever builds images writes null for what there is not. Refuses values of another type: they would be met at each start. */
function readConfig(value: object): ImageConfig {
  const fields = value as Record<string, unknown>;
  const isAbsent = (key: string): boolean => fields[key] === undefined || fields[key] === null;
  const isText = (found: unknown): boolean => typeof found === 'string';
  for (const key of ['Entrypoint', 'Cmd', 'Env'].filter((each) => !isAbsent(each))) {
    const found = fields[key];
    if (!Array.isArray(found) || !found.every(isText)) refuse(`${key} of the image config is not a list of texts`);
  }
  for (const key of ['WorkingDir', 'User', 'StopSignal'].filter((each) => !isAbsent(each))) {
    if (!isText(fields[key])) refuse(`${key} of the image config is not a text`);
  }
  return value;
}

/** The platform of this machine in the words of images. */
export function hostPlatform(arch: string = process.arch): Platform {
  const names: Record<string, string> = { x64: 'amd64', ia32: '386', loong64: 'loong64' };
  return { os: 'linux', architecture: names[arch] ?? arch };
}

/** The entry for `wanted`: the plain variant first, then the highest one. Attestations have no real platform and never match. */
export function choosePlatform(manifests: readonly Descriptor[], wanted: Platform): Descriptor | undefined {
  const matching = manifests.filter(({ platform }) => platform !== undefined && isSamePlatform(platform, wanted));
  const rank = ({ platform }: Descriptor): string => normalVariant(platform?.variant, wanted.architecture);
  const exact = matching.find((entry) => rank(entry) === normalVariant(wanted.variant, wanted.architecture));
  return exact ?? matching.sort((a, b) => rank(b).localeCompare(rank(a)))[0];
}

/** Same os and architecture; on arm64 `v8` is what everything is. */
export function isSamePlatform(platform: Partial<Platform>, wanted: Platform): boolean {
  return platform.os === wanted.os && platform.architecture === wanted.architecture;
}

function normalVariant(variant: string | undefined, architecture: string): string {
  if (architecture === 'arm64' && variant === 'v8') return '';
  return variant ?? '';
}

/** `linux/arm64/v8`, for messages. */
export function platformName({ os = '?', architecture = '?', variant }: Partial<Platform>): string {
  return [os, architecture, ...(variant === undefined || variant === '' ? [] : [variant])].join('/');
}
