import type { Json } from './openapi-schemas.ts';
import {
  each,
  flag,
  message,
  named,
  one,
  text,
  wrap,
  type Encoder,
  type Field,
  type Fields,
} from './protobuf-message.ts';

/*
 * A Swagger 2 document in the protobuf that kubectl reads: the messages of gnostic's package `openapi.v2`
 * (OpenAPIv2.proto), as far as `swaggerDocument` has use for them.
 */

/** Anything, as YAML, which JSON is. */
const anything = wrap(one(2, (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`)));

const extended =
  (number: number) =>
  (name: string): Field | undefined =>
    name.startsWith('x-') ? (value) => named(number, anything)({ [name]: value } as never) : undefined;

const schemaFields: Fields = {
  $ref: one(1, text),
  format: one(2, text),
  description: one(4, text),
  required: each(19, text),
  enum: each(20, anything),
  additionalProperties: one(21, wrap(one(1, schema))),
  type: one(22, wrap(one(1, text))),
  items: one(23, wrap(one(1, schema))),
  properties: one(25, wrap(named(1, schema))),
};

const extendedSchema = message(schemaFields, extended(31));

/** Schemas are in schemas. */
function schema(value: Json): Uint8Array {
  return extendedSchema(value as never);
}

const bodyParameter = message({
  name: one(2, text),
  in: one(3, text),
  required: flag(4),
  schema: one(5, schema),
});

const queryParameter = message({ in: one(2, text), name: one(4, text), type: one(6, text), uniqueItems: flag(20) });

const pathParameter = message({ required: flag(1), in: one(2, text), name: one(4, text), type: one(5, text) });

/** A parameter is another message for each place it may be in. */
const parameterFields: Fields = {
  body: one(1, wrap(one(1, bodyParameter))),
  query: one(1, wrap(one(2, wrap(one(3, queryParameter))))),
  path: one(1, wrap(one(2, wrap(one(4, pathParameter))))),
};

const parameter: Encoder = (value: { in: string }) => message(parameterFields)({ [value.in]: value } as never);

const response = message({ description: one(1, text), schema: one(2, wrap(one(1, schema))) });

const operation = message(
  {
    description: one(3, text),
    operationId: one(5, text),
    produces: each(6, text),
    consumes: each(7, text),
    parameters: each(8, parameter),
    responses: one(9, wrap(named(1, wrap(one(1, response))))),
  },
  extended(13),
);

const pathItem = message({
  get: one(2, operation),
  put: one(3, operation),
  post: one(4, operation),
  delete: one(5, operation),
  patch: one(8, operation),
  parameters: each(9, parameter),
});

const document = message({
  swagger: one(1, text),
  info: one(2, message({ title: one(1, text), version: one(2, text) })),
  schemes: each(5, text),
  paths: one(8, wrap(named(2, pathItem))),
  definitions: one(9, wrap(named(1, schema))),
});

/** Throws on what has no place in the messages above. */
export function encodeSwagger(swagger: Json): Uint8Array {
  return document(swagger as never);
}
