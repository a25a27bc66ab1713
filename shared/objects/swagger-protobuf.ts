import type { Json } from './openapi-schemas.ts';
import { each, encodeWith, flag, message, named, one, text, type Encoder, type Fields } from './protobuf-message.ts';

/*
 * A Swagger 2 document in the protobuf that kubectl reads: the messages of gnostic's package `openapi.v2`
 * (OpenAPIv2.proto), as far as `swaggerDocument` has use for them.
 */

/** Anything, as YAML, which JSON is. */
const anything = one(2, (out, value: unknown) => out.text(`${JSON.stringify(value)}\n`));

const extended = (number: number) => {
  const entries = named(number, anything);
  return (name: string): Encoder | undefined =>
    name.startsWith('x-') ? (out, value) => entries(out, { [name]: value } as never) : undefined;
};

const schemaFields: Fields = {
  $ref: one(1, text),
  format: one(2, text),
  description: one(4, text),
  required: each(19, text),
  enum: each(20, anything),
  additionalProperties: one(21, one(1, schema)),
  type: one(22, one(1, text)),
  items: one(23, one(1, schema)),
  properties: one(25, named(1, schema)),
};

const extendedSchema = message(schemaFields, extended(31));

/** Schemas are in schemas. */
function schema(...value: Parameters<Encoder>): void {
  extendedSchema(...value);
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
const parameterForm = message({
  body: one(1, one(1, bodyParameter)),
  query: one(1, one(2, one(3, queryParameter))),
  path: one(1, one(2, one(4, pathParameter))),
});

const parameter: Encoder = (out, value: { in: string }) => parameterForm(out, { [value.in]: value } as never);

const response = message({ description: one(1, text), schema: one(2, one(1, schema)) });

const operation = message(
  {
    summary: one(2, text),
    description: one(3, text),
    operationId: one(5, text),
    produces: each(6, text),
    consumes: each(7, text),
    parameters: each(8, parameter),
    responses: one(9, named(1, one(1, response))),
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
  paths: one(8, named(2, pathItem)),
  definitions: one(9, named(1, schema)),
});

/** Throws on what has no place in the messages above. */
export function encodeSwagger(swagger: Json): Uint8Array {
  return encodeWith(document, swagger);
}
