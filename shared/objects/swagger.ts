import { openApiPaths } from './openapi-paths.ts';
import { componentsFor, type Json } from './openapi-schemas.ts';
import { publishedResources } from './versions/served-version.ts';

/** What is read of OpenAPI 3; everything else of it means the same in Swagger 2. */
interface Schema extends Json {
  $ref?: string;
  allOf?: readonly [Schema];
  oneOf?: readonly Schema[];
  items?: Schema;
  additionalProperties?: Schema;
  properties?: Readonly<Record<string, Schema>>;
}

type Content = Readonly<Record<string, { schema: Schema }>>;
type Parameter = Json & { schema: Json };

interface Operation extends Json {
  parameters?: readonly Parameter[];
  requestBody?: { content: Content; required?: true };
  responses: Readonly<Record<string, { description: string; content: Content }>>;
}

type PathItem = Readonly<Record<string, Operation>> & { parameters?: readonly Parameter[] };

const aNamespace = '/api/v1/namespaces/{name}';

/**
 * The Swagger 2 document of all that is published: the OpenAPI 3 documents in the older notation, as Kubernetes prints
 * it. `version` is that of the API. The same object every time, as `openApiDocument` is.
 */
export function swaggerDocument(version: string): Json {
  const paths = Object.fromEntries(publishedResources.flatMap(openApiPaths)) as Record<string, PathItem>;
  const schemas = componentsFor(publishedResources) as Record<string, Schema>;
  return {
    swagger: '2.0',
    info: { title: 'Berth', version },
    schemes: ['https'],
    paths: { ...mapValues(paths, pathItem), [aNamespace]: withoutFieldValidation(paths[aNamespace]) },
    definitions: mapValues(schemas, definition),
  };
}

/**
 * A reference stands beside what is said of it, though readers of JSON Schema may overlook that; and what may be a
 * number or text is text, of which `format` tells more: Swagger 2 has no alternatives.
 */
function definition({ $ref, allOf, oneOf, items, additionalProperties, properties, ...own }: Schema): Json {
  const ref = $ref ?? allOf?.[0].$ref;
  return {
    ...own,
    ...(oneOf && { type: 'string' }),
    ...(ref !== undefined && { $ref: ref.replace('#/components/schemas/', '#/definitions/') }),
    ...(items && { items: definition(items) }),
    ...(additionalProperties && { additionalProperties: definition(additionalProperties) }),
    ...(properties && { properties: mapValues(properties, definition) }),
  };
}

/**
 * kubectl takes what patches of a namespace offer for what those of custom resources do, and then looks for the list of
 * these, which Berth does not have: a file with an unknown kind would be refused whole.
 */
function withoutFieldValidation({ patch, ...others }: PathItem = {}): Json {
  const parameters = patch?.parameters?.filter(({ name }) => name !== 'fieldValidation');
  return pathItem({ ...others, ...(patch && { patch: { ...patch, parameters } }) } as PathItem);
}

function pathItem({ parameters, ...operations }: PathItem): Json {
  return { ...mapValues(operations, describeOperation), ...(parameters && { parameters: parameters.map(flat) }) };
}

function describeOperation({ parameters = [], requestBody, responses, ...own }: Operation): Json {
  const produced = Object.values(responses).flatMap(({ content }) => Object.keys(content));
  return {
    ...own,
    ...(requestBody && { consumes: Object.keys(requestBody.content) }),
    produces: [...new Set(produced)],
    parameters: [...(requestBody ? [bodyParameter(requestBody)] : []), ...parameters.map(flat)],
    responses: mapValues(responses, ({ content, ...said }) => ({ ...said, schema: schemaOf(content) })),
  };
}

function bodyParameter({ content, required }: NonNullable<Operation['requestBody']>): Json {
  return { name: 'body', in: 'body', ...(required && { required }), schema: schemaOf(content) };
}

/** One schema for every form of the content. */
function schemaOf(content: Content): Json {
  const [first] = Object.values(content);
  return first === undefined ? {} : definition(first.schema);
}

function flat({ schema, ...own }: Parameter): Json {
  return { ...own, ...schema };
}

function mapValues<T>(values: Readonly<Record<string, T>>, change: (value: T) => Json): Json {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
