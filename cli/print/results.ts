import type { KubeObject } from '../../shared/objects/types.ts';
import { printValue } from './output.ts';
import { objectLabel, type ServedResource } from '../client/resource-names.ts';

/** What a command has done to objects: a line for each at once, or with `-o` the objects at the end. */
export class Results {
  readonly #format: string | undefined;
  readonly #objects: unknown[] = [];

  constructor(format: string | undefined) {
    this.#format = format;
  }

  /** Tells of one object; `what` as in `deployment.apps/web scaled`. */
  add(resource: ServedResource, name: string, what: string, object: KubeObject): void {
    if (this.#format === undefined) process.stdout.write(`${objectLabel(resource, name)} ${what}\n`);
    else if (this.#format === 'name') process.stdout.write(`${objectLabel(resource, name)}\n`);
    else this.#objects.push(object);
  }

  /** Prints what has been kept for the end. */
  finish(): void {
    if (this.#objects.length === 0) return;
    const [only] = this.#objects;
    printValue(
      this.#objects.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: this.#objects },
      this.#format,
    );
  }
}
