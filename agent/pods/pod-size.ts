import { isDeepStrictEqual } from 'node:util';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import { grantedOf, judgeSize, withGranted } from './granted.ts';
import type { PodDeps } from './pod-deps.ts';
import type { PodEvents } from './pod-events.ts';
import type { PodRecord } from './pod-record.ts';
import { type PodView, type ResizeRefusal, specOf } from './pod-view.ts';
import { ResizeNews } from './resize-news.ts';

/** The resources of one pod: what it asks for, and what of it this node has granted. */
export class PodSize {
  readonly #deps: Pick<PodDeps, 'node' | 'requestedByOthers'>;
  readonly #news = new ResizeNews();
  #asked: Stored<Pod>;
  #pod: Stored<Pod>;
  #refusal: ResizeRefusal | undefined;

  constructor(deps: Pick<PodDeps, 'node' | 'requestedByOthers'>, pod: Stored<Pod>) {
    this.#deps = deps;
    this.#asked = pod;
    this.#pod = pod;
  }

  /** With the resources that are granted: what it is run with. */
  get pod(): Stored<Pod> {
    return this.#pod;
  }

  /** Why it does not get what it asks for now. */
  get refusal(): ResizeRefusal | undefined {
    return this.#refusal;
  }

  /** The pod as the controller names it now; true when it asks for other resources. */
  ask(pod: Stored<Pod>, record: PodRecord | undefined): boolean {
    const isOther = !isDeepStrictEqual(grantedOf(specOf(pod)), grantedOf(specOf(this.#asked)));
    this.#asked = pod;
    this.#pod = withGranted(pod, record?.granted);
    return isOther;
  }

  /**
   * Grants what it asks for now, if the node has the room; true when the record changed. Nothing may wait in here: two
   * pods must not be given the same room.
   */
  grant(record: PodRecord, events: PodEvents): boolean {
    this.#refusal = undefined;
    this.#pod = withGranted(this.#asked, record.granted);
    const asked = grantedOf(specOf(this.#asked));
    if (isDeepStrictEqual(asked, record.granted)) return false;
    if (record.granted !== undefined) {
      const { node, requestedByOthers } = this.#deps;
      const others = requestedByOthers(this.#asked.metadata.uid);
      this.#refusal = judgeSize(this.#asked, this.#pod, node.allocatable, others);
      if (this.#refusal !== undefined) return false;
      this.#news.granted(this.#asked, events);
    }
    record.granted = asked;
    this.#pod = this.#asked;
    return true;
  }

  tell(view: PodView, events: PodEvents): void {
    this.#news.tell(view, this.#asked, events);
  }
}
