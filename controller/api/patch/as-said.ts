import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { withoutEmptyParts } from '../verbs/metadata.ts';
import { isObject, withoutNulls } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/** What an applied object says, whatever way it is written: by this it is compared and owned. Metadata must be an object. */
export function asSaid(info: ResourceInfo, applied: JsonObject, subresource?: string): KubeObject {
  const config = withoutNulls(applied) as JsonObject;
  const object = textAsData(info, writable(info, config, subresource)) as unknown as KubeObject;
  return { ...object, metadata: withoutEmptyParts(object.metadata) };
}

/** A secret's text is stored among its data, so that is where it is said: what is said no more goes from there. */
function textAsData(info: ResourceInfo, config: JsonObject): JsonObject {
  const { stringData: text, ...rest } = config;
  const data = config['data'] ?? {};
  if (info.kind !== 'Secret' || !isObject(text) || !isObject(data)) return config;
  const entries = Object.entries(text);
  if (!entries.every(isText)) return config;
  const encoded = entries.map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { ...rest, data: Object.fromEntries([...Object.entries(data), ...encoded]) };
}

const isText = (entry: [string, Json]): entry is [string, string] => typeof entry[1] === 'string';

/** The main resource does not write the status, and its subresource nothing else. */
function writable(info: ResourceInfo, config: JsonObject, subresource: string | undefined): JsonObject {
  const isWritten = (key: string): boolean =>
    subresource === 'status'
      ? ['apiVersion', 'kind', 'metadata', 'status'].includes(key)
      : key !== 'status' || !info.subresources.includes('status');
  return Object.fromEntries(Object.entries(config).filter(([key]) => isWritten(key)));
}
