import { findCondition } from '../../shared/objects/conditions.ts';
import { addAmounts, amountsOf, claimedRequests } from '../../shared/objects/pod-requests.ts';
import type { Amounts } from '../../shared/objects/pod-requests.ts';
import type { KubeObject, Node, Pod, Taint } from '../../shared/objects/types.ts';

export type PodObject = KubeObject & Pod;
export type NodeObject = KubeObject & Node;

/** What a pod takes of a node. */
export interface PodClaim {
  uid: string;
  nodeName: string;
  requests: Amounts;
  /** `<protocol> <ip> <port>` of each host port. */
  ports: readonly HostPort[];
  /** The uid of its controller, '' without one. */
  owner: string;
}

export interface HostPort {
  protocol: string;
  ip: string;
  port: number;
}

/** Reads what a pod takes, whether it is bound or not. */
export function claimOf(pod: PodObject): PodClaim {
  const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller === true);
  return {
    uid: pod.metadata.uid ?? '',
    nodeName: pod.spec?.nodeName ?? '',
    requests: addAmounts(claimedRequests(pod), { pods: 1 }),
    ports: hostPortsOf(pod),
    owner: controller?.uid ?? '',
  };
}

function hostPortsOf(pod: PodObject): HostPort[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return containers
    .flatMap(({ ports }) => ports ?? [])
    .flatMap(({ hostPort = 0, hostIP = '0.0.0.0', protocol = 'TCP' }) => {
      return hostPort > 0 ? [{ protocol, ip: hostIP === '' ? '0.0.0.0' : hostIP, port: hostPort }] : [];
    });
}

/** What decides about a node itself, read once, so that a node which cannot be read is never looked at for a pod. */
interface NodeView {
  node: NodeObject;
  allocatable: Amounts;
  isReady: boolean;
  taints: readonly Taint[];
}

function viewOf(node: NodeObject): NodeView {
  return {
    node,
    allocatable: amountsOf(node.status?.allocatable),
    isReady: findCondition(node.status?.conditions, 'Ready')?.status === 'True',
    taints: (node.spec?.taints ?? []).filter(({ key }) => key !== undefined),
  };
}

/** One node and all that is taken of it, kept up to date claim by claim. */
export class NodeInfo {
  readonly name: string;
  #view: NodeView;
  readonly #claims = new Map<string, PodClaim>();
  readonly #requested: Amounts = {};
  readonly #byOwner = new Map<string, number>();

  /** Throws TypeError for a node whose fields have the wrong shapes. */
  constructor(node: NodeObject) {
    this.name = node.metadata.name;
    this.#view = viewOf(node);
  }

  get node(): NodeObject {
    return this.#view.node;
  }

  set node(node: NodeObject) {
    this.#view = viewOf(node);
  }

  get isReady(): boolean {
    return this.#view.isReady;
  }

  get taints(): readonly Taint[] {
    return this.#view.taints;
  }

  allocatable(resource: string): number {
    return this.#view.allocatable[resource] ?? 0;
  }

  requested(resource: string): number {
    return this.#requested[resource] ?? 0;
  }

  /** What is left of a resource; below zero when the node has shrunk. */
  free(resource: string): number {
    return this.allocatable(resource) - this.requested(resource);
  }

  /** How many pods of this controller are here. */
  countOf(owner: string): number {
    return owner === '' ? 0 : (this.#byOwner.get(owner) ?? 0);
  }

  hostPorts(): HostPort[] {
    return [...this.#claims.values()].flatMap(({ ports }) => ports);
  }

  add(claim: PodClaim): void {
    this.remove(claim.uid);
    this.#claims.set(claim.uid, claim);
    this.#count(claim, 1);
  }

  remove(uid: string): void {
    const claim = this.#claims.get(uid);
    if (claim === undefined) return;
    this.#claims.delete(uid);
    this.#count(claim, -1);
  }

  claims(): PodClaim[] {
    return [...this.#claims.values()];
  }

  #sum(resource: string): number {
    return this.claims().reduce((total, { requests }) => total + (requests[resource] ?? 0), 0);
  }

  #count({ requests, owner }: PodClaim, sign: 1 | -1): void {
    for (const [resource, amount] of Object.entries(requests)) {
      const before = this.#requested[resource] ?? 0;
      // Beside an absurd amount small ones are lost in rounding: they are counted anew when it goes.
      this.#requested[resource] = Number.isSafeInteger(before) ? before + sign * amount : this.#sum(resource);
    }
    const count = (this.#byOwner.get(owner) ?? 0) + sign;
    if (count > 0) this.#byOwner.set(owner, count);
    else this.#byOwner.delete(owner);
  }
}
