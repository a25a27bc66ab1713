import type { Clock } from '../../../shared/clock.ts';
import { apiVersionOf, type ResourceInfo } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ObjectForm } from '../http/negotiation.ts';
import { toTable, type IncludeObject } from '../tables/table.ts';

/** metadata of a list. */
export interface ListMeta {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

/** Writes objects in the form a client asked for. */
export class Representation {
  readonly #info: ResourceInfo;
  readonly #form: ObjectForm;
  readonly #includeObject: IncludeObject;
  readonly #clock: Clock;
  #namedColumns = false;

  constructor(info: ResourceInfo, form: ObjectForm, query: URLSearchParams, clock: Clock) {
    this.#info = info;
    this.#form = form;
    this.#includeObject = includeObjectOf(query);
    this.#clock = clock;
  }

  /** As `object`; a Table names its columns only the first time. */
  event(object: KubeObject): object {
    const shown = this.object(object);
    if (this.#form !== 'Table') return shown;
    const { columnDefinitions, ...rest } = shown as { columnDefinitions: unknown };
    const isFirst = !this.#namedColumns;
    this.#namedColumns = true;
    return isFirst ? { ...rest, columnDefinitions } : rest;
  }

  object(object: KubeObject): object {
    switch (this.#form) {
      case 'object':
        return object;
      case 'Table':
        return this.#table([object], { resourceVersion: object.metadata.resourceVersion ?? '' });
      case 'PartialObjectMetadata':
      case 'PartialObjectMetadataList':
        return metadataOf(object);
    }
  }

  list(objects: readonly KubeObject[], metadata: ListMeta): object {
    switch (this.#form) {
      case 'object':
        return { kind: `${this.#info.kind}List`, apiVersion: apiVersionOf(this.#info), metadata, items: objects };
      case 'Table':
        return this.#table(objects, metadata);
      case 'PartialObjectMetadata':
      case 'PartialObjectMetadataList':
        return {
          kind: 'PartialObjectMetadataList',
          apiVersion: 'meta.k8s.io/v1',
          metadata,
          items: objects.map(metadataOf),
        };
    }
  }

  /** The object of a BOOKMARK: a kind and a version, in the form that the other events of the watch have. */
  bookmark(resourceVersion: string, annotations?: Record<string, string>): object {
    const metadata = { resourceVersion, ...(annotations && { annotations }) };
    if (this.#form === 'Table') return this.#table([], { resourceVersion });
    if (this.#form === 'object') return { kind: this.#info.kind, apiVersion: apiVersionOf(this.#info), metadata };
    return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
  }

  #table(objects: readonly KubeObject[], listMeta: ListMeta): object {
    return toTable(this.#info, objects, { now: this.#clock.now(), includeObject: this.#includeObject, listMeta });
  }
}

function metadataOf({ metadata }: KubeObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject');
  return value === 'None' || value === 'Object' ? value : 'Metadata';
}
