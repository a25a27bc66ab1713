import type { Clock } from '../../../shared/clock.ts';
import { apiVersionOf, type ResourceInfo } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ObjectForm } from '../http/negotiation.ts';
import { servedInfo, type ResourceTarget } from '../resource-path.ts';
import { toTable, type IncludeObject } from '../tables/table.ts';

/** metadata of a list. */
export interface ListMeta {
  /** Absent for what has no versions. */
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
}

type Target = Pick<ResourceTarget, 'info' | 'version'>;

/** Writes objects in the form and the version a client asked for. */
export class Representation {
  readonly #target: Target;
  readonly #form: ObjectForm;
  readonly #includeObject: IncludeObject;
  readonly #clock: Clock;
  #namedColumns = false;

  constructor(target: Target, form: ObjectForm, query: URLSearchParams, clock: Clock) {
    this.#target = target;
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
        return this.#served(object);
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
        return {
          kind: `${this.#info.kind}List`,
          apiVersion: apiVersionOf(this.#info),
          metadata,
          items: objects.map((object) => this.#served(object)),
        };
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

  /** As the URL names the resource. */
  get #info(): ResourceInfo {
    return servedInfo(this.#target);
  }

  #served(object: KubeObject): KubeObject {
    return this.#target.version?.fromStored(object) ?? object;
  }

  /** Columns read the stored object, whatever version the rows carry. */
  #table(objects: readonly KubeObject[], listMeta: ListMeta): object {
    const options = { now: this.#clock.now(), includeObject: this.#includeObject, listMeta };
    return toTable(this.#target.info, objects, options, (object) => this.#served(object));
  }
}

function metadataOf({ metadata }: KubeObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

function includeObjectOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject');
  return value === 'None' || value === 'Object' ? value : 'Metadata';
}
