import { matchesFields, parseFieldSelector, type FieldRequirement } from '../../../shared/objects/field-selector.ts';
import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import { matchesLabels, parseLabelSelector, type Requirement } from '../../../shared/objects/selector.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { servedInfo, type ResourceTarget } from '../resource-path.ts';

/** Which objects of a collection a request is about: the selectors of its query, and the name in its path. */
export class Selection {
  readonly #info: ResourceInfo;
  readonly #labels: readonly Requirement[];
  readonly #fields: readonly FieldRequirement[];
  readonly #name: string | undefined;

  /** Throws BadRequest for selectors that cannot be read. */
  constructor(target: ResourceTarget, query: URLSearchParams) {
    const info = servedInfo(target);
    this.#info = info;
    this.#name = target.name;
    this.#labels = parseLabelSelector(query.get('labelSelector') ?? '');
    this.#fields = parseFieldSelector(query.get('fieldSelector') ?? '', info);
  }

  /** Whether it leaves nothing out. */
  get isEverything(): boolean {
    return this.#name === undefined && this.#labels.length === 0 && this.#fields.length === 0;
  }

  has(object: KubeObject): boolean {
    return (
      (this.#name === undefined || this.#name === object.metadata.name) &&
      matchesLabels(this.#labels, object.metadata.labels) &&
      matchesFields(this.#info, this.#fields, object)
    );
  }
}
