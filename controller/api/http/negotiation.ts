import { ApiError } from '../../../shared/errors.ts';

/** How a client wants objects: as they are, as table rows, or their metadata alone. */
export type ObjectForm = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

interface MediaRange {
  type: string;
  parameters: Readonly<Record<string, string>>;
  quality: number;
}

/** What an answer is: an object, a list, objects one by one, or something that has one form only. */
export type Shape = 'object' | 'list' | 'stream' | 'bare';

/** How an answer is written. */
export type Encoding = 'json' | 'yaml';

const forms: Readonly<Record<Shape, ReadonlySet<string>>> = {
  object: new Set(['Table', 'PartialObjectMetadata']),
  list: new Set(['Table', 'PartialObjectMetadataList']),
  stream: new Set(['Table', 'PartialObjectMetadata']),
  bare: new Set(),
};

/** Protobuf is read, but not written: a client that takes nothing else could not read the answer. */
const jsonTypes: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);
const yamlType = 'application/yaml';

/** The OpenAPI v2 document as protobuf. */
export const swaggerProtobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** What clients ask for at `/openapi/v2`; kubectl writes the name of the protobuf in an older way. */
const swaggerForms: ReadonlyMap<string, 'json' | 'protobuf'> = new Map([
  ['application/json', 'json'],
  ['application/*', 'json'],
  ['*/*', 'json'],
  [swaggerProtobuf, 'protobuf'],
  ['application/com.github.proto-openapi.spec.v2@v1.0+protobuf', 'protobuf'],
]);

/** The first form the client names that an answer of this shape has; throws NotAcceptable when there is none. */
export function negotiateForm(accept: string | undefined, shape: Shape): ObjectForm {
  for (const { type, parameters } of parseAccept(accept)) {
    // A document of YAML has no line that ends an event.
    if (!jsonTypes.has(type) && (type !== yamlType || shape === 'stream')) continue;
    const { as, g: group, v: version } = parameters;
    if (as === undefined) return 'object';
    const isKnown = group === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1') && forms[shape].has(as);
    if (isKnown && !type.endsWith('*')) return as as ObjectForm;
  }
  throw notAcceptable();
}

/** Whether JSON or YAML comes first; JSON for a client that wants neither, which is told so in it. */
export function negotiateEncoding(accept: string | undefined): Encoding {
  const first = parseAccept(accept).find(({ type }) => type === yamlType || jsonTypes.has(type));
  return first?.type === yamlType ? 'yaml' : 'json';
}

/** For `/api` and `/apis`: the version of aggregated discovery to answer, or undefined for the legacy form. */
export function negotiateDiscovery(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  for (const { type, parameters } of parseAccept(accept)) {
    const { as, g: group, v: version } = parameters;
    if (as === undefined && (type === yamlType || jsonTypes.has(type))) return undefined;
    if (!jsonTypes.has(type)) continue;
    const isDiscovery = as === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io';
    if (isDiscovery && (version === 'v2' || version === 'v2beta1')) return version;
  }
  throw notAcceptable();
}

/** For `/openapi/v2`: the first form the client names; JSON for one that takes anything. */
export function negotiateSwagger(accept: string | undefined): 'json' | 'protobuf' {
  for (const { type } of parseAccept(accept)) {
    const form = swaggerForms.get(type);
    if (form !== undefined) return form;
  }
  throw notAcceptable(['application/json', swaggerProtobuf]);
}

export function acceptsGzip(header: string | string[] | undefined): boolean {
  const ranges = parseAccept(Array.isArray(header) ? header.join(',') : (header ?? 'identity'));
  return ranges.some(({ type }) => type === 'gzip');
}

function notAcceptable(types = ['application/json', yamlType]): ApiError {
  return new ApiError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}

/** No client names more; reading the many that fit into a header would cost more than the rest of a request. */
const maxRanges = 50;

/** Media ranges, the best first, and of the same quality the exact ones; those of quality 0 are left out. Absent means anything. */
function parseAccept(header: string | undefined): MediaRange[] {
  if (header === undefined || header.trim() === '') return [{ type: '*/*', parameters: {}, quality: 1 }];
  return header
    .split(',', maxRanges)
    .map(parseRange)
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality || Number(a.type.endsWith('*')) - Number(b.type.endsWith('*')));
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
