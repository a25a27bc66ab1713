import { ApiError } from '../../../shared/errors.ts';

/** How a client wants objects: as they are, as table rows, or their metadata alone. */
export type ObjectForm = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

interface MediaRange {
  type: string;
  parameters: Readonly<Record<string, string>>;
  quality: number;
}

const transformable: ReadonlySet<string> = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);
/** Protobuf is answered in JSON: clients that name it read the Content-Type. */
const jsonTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/*',
  '*/*',
  'application/vnd.kubernetes.protobuf',
]);

/** The first form the client names that Berth speaks; throws NotAcceptable when there is none. */
export function negotiateForm(accept: string | undefined): ObjectForm {
  for (const { type, parameters } of parseAccept(accept)) {
    if (!jsonTypes.has(type)) continue;
    const { as, g: group, v: version } = parameters;
    if (as === undefined) return 'object';
    const isKnown = group === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1') && transformable.has(as);
    if (isKnown && type === 'application/json') return as as ObjectForm;
  }
  throw notAcceptable();
}

/** For `/api` and `/apis`: the version of aggregated discovery to answer, or undefined for the legacy form. */
export function negotiateDiscovery(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const { type, parameters } of parseAccept(accept)) {
    if (!jsonTypes.has(type)) continue;
    const { as, g: group, v: version } = parameters;
    if (as === undefined) return undefined;
    const isDiscovery = as === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io';
    if (isDiscovery && (version === 'v2' || version === 'v2beta1')) return version;
  }
  throw notAcceptable();
}

/** Says whether plain JSON may be answered. */
export function acceptsJson(accept: string | undefined): boolean {
  return parseAccept(accept).some(({ type, parameters }) => jsonTypes.has(type) && parameters['as'] === undefined);
}

export function acceptsGzip(header: string | string[] | undefined): boolean {
  const ranges = parseAccept(Array.isArray(header) ? header.join(',') : (header ?? 'identity'));
  return ranges.some(({ type }) => type === 'gzip');
}

export function notAcceptable(): ApiError {
  return new ApiError('NotAcceptable', 'only the following media types are accepted: application/json');
}

/** Media ranges, the best first; those of quality 0 are left out. Absent means anything. */
function parseAccept(header: string | undefined): MediaRange[] {
  if (header === undefined || header.trim() === '') return [{ type: '*/*', parameters: {}, quality: 1 }];
  return header
    .split(',')
    .map(parseRange)
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

function parseRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const part of rest) {
    const equal = part.indexOf('=');
    if (equal > 0) parameters[part.slice(0, equal).toLowerCase()] = part.slice(equal + 1).replaceAll('"', '');
  }
  const quality = Number(parameters['q'] ?? 1);
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
}
