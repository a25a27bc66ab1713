import { claimOf, NodeInfo } from './node-info.ts';
import type { NodeObject, PodClaim, PodObject } from './node-info.ts';

/**
 * All nodes with what is taken of them, kept up to date by changes. A pod that was just bound is added by `assume`
 * before its change arrives, so that two pods never get the same room. Pods may be seen before their nodes.
 */
export class Snapshot {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Pods of nodes that are not known. */
  readonly #homeless = new Map<string, PodClaim>();
  readonly #nodeOf = new Map<string, string>();

  reset(): void {
    this.#nodes.clear();
    this.#homeless.clear();
    this.#nodeOf.clear();
  }

  nodes(): readonly NodeInfo[] {
    return [...this.#nodes.values()];
  }

  putNode(node: NodeObject): void {
    const { name } = node.metadata;
    const known = this.#nodes.get(name);
    if (known !== undefined) {
      known.node = node;
      return;
    }
    const info = new NodeInfo(node);
    this.#nodes.set(name, info);
    const coming = [...this.#homeless.values()].filter(({ nodeName }) => nodeName === name);
    for (const claim of coming) {
      this.#homeless.delete(claim.uid);
      info.add(claim);
    }
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    this.#nodes.delete(name);
    for (const claim of info?.claims() ?? []) this.#homeless.set(claim.uid, claim);
  }

  /** Takes a pod's room, or gives it back when the pod has ended; one that is bound to no node takes none. */
  putPod(pod: PodObject): void {
    const claim = claimOf(pod);
    const hasEnded = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (hasEnded) this.removePod(claim.uid);
    else if (claim.nodeName !== '') this.#place(claim);
  }

  /** Takes room for a pod on the node that was chosen for it; `removePod` takes it back. */
  assume(claim: PodClaim, nodeName: string): void {
    this.#place({ ...claim, nodeName });
  }

  removePod(uid: string): void {
    this.#homeless.delete(uid);
    const nodeName = this.#nodeOf.get(uid);
    this.#nodeOf.delete(uid);
    if (nodeName !== undefined) this.#nodes.get(nodeName)?.remove(uid);
  }

  #place(claim: PodClaim): void {
    if (this.#nodeOf.get(claim.uid) !== claim.nodeName) this.removePod(claim.uid);
    this.#nodeOf.set(claim.uid, claim.nodeName);
    const info = this.#nodes.get(claim.nodeName);
    if (info === undefined) this.#homeless.set(claim.uid, claim);
    else info.add(claim);
  }
}
