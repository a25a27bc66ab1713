import type { Cause } from '../../../shared/errors.ts';
import { resourceName, type ResourceInfo } from '../../../shared/objects/resources.ts';
import type { KubeObject, Service, ServiceSpec } from '../../../shared/objects/types.ts';
import { invalid } from '../../../shared/objects/validation/causes.ts';
import { toInvalid } from '../../../shared/objects/validation/invalid.ts';
import {
  formatAddress,
  isWithin,
  kubernetesAddress,
  nodePorts,
  pickFree,
  readAddress,
  serviceAddresses,
  serviceNetwork,
} from '../../../shared/service-range.ts';
import type { Store } from '../../store/store.ts';

/** A Service with all it needs. What it was given is held for it until `release`, which comes after the write. */
export interface Reservation {
  object: KubeObject;
  release(): void;
}

interface Numbers {
  /** Whose they are; nobody is in their own way. */
  owner: string;
  addresses: ReadonlySet<string>;
  ports: ReadonlySet<number>;
}

/**
 * Gives Services their cluster addresses and node ports. Taken is what stored Services have, and what is held for
 * writes on their way: no two writers get the same.
 */
export class ServiceAllocator {
  readonly #store: Store;
  readonly #random: () => number;
  readonly #held = new Set<Numbers>();

  constructor(store: Store, random: () => number) {
    this.#store = store;
    this.#random = random;
  }

  /** Throws Invalid for an address or a port that is taken or none of these, and when there are no more. */
  reserve(info: ResourceInfo, object: KubeObject): Reservation {
    const { spec } = object as Service;
    if (resourceName(info) !== 'services' || spec === undefined) return { object, release: () => undefined };
    const owner = ownerOf(object);
    const taken = this.#taken(owner);
    const causes: Cause[] = [];
    const addressed = this.#giveAddress(spec, taken, causes);
    const complete = this.#giveHealthPort(this.#givePorts(addressed, taken, causes), taken, causes);
    if (causes.length > 0) throw toInvalid(info, object.metadata.name, causes);
    const held = numbersOf(owner, complete);
    this.#held.add(held);
    return { object: { ...object, spec: complete } as KubeObject, release: () => void this.#held.delete(held) };
  }

  /** All that others have. */
  #taken(owner: string): Omit<Numbers, 'owner'> {
    const { items } = this.#store.list<KubeObject & Service>('services');
    const stored = items.map((service) => numbersOf(ownerOf(service), service.spec ?? {}));
    const others = [...stored, ...this.#held].filter((numbers) => numbers.owner !== owner);
    const reserved = owner === 'default/kubernetes' ? [] : [kubernetesAddress];
    return {
      addresses: new Set([...reserved, ...others.flatMap(({ addresses }) => [...addresses])]),
      ports: new Set(others.flatMap(({ ports }) => [...ports])),
    };
  }

  #giveAddress(spec: ServiceSpec, { addresses }: Omit<Numbers, 'owner'>, causes: Cause[]): ServiceSpec {
    const wanted = spec.clusterIP || spec.clusterIPs?.[0] || '';
    if (!hasAddress(spec)) return spec;
    if (wanted !== '') {
      const clusterIPs = spec.clusterIPs?.length ? spec.clusterIPs : [wanted];
      for (const address of clusterIPs) {
        const problem = address === 'None' ? undefined : addressProblem(address, addresses);
        if (problem !== undefined) causes.push(invalidAddress(address, problem));
      }
      return { ...spec, clusterIP: wanted, clusterIPs };
    }
    const free = pickFree(serviceAddresses, (number) => addresses.has(formatAddress(number)), this.#random);
    if (free === undefined) {
      causes.push(invalid('spec.clusterIPs', [], 'failed to allocate a serviceIP: range is full'));
      return spec;
    }
    const clusterIP = formatAddress(free);
    return { ...spec, clusterIP, clusterIPs: [clusterIP] };
  }

  /** The same number of a Service's port, for another protocol, gets the same port of the node. */
  #givePorts(spec: ServiceSpec, { ports: taken }: Omit<Numbers, 'owner'>, causes: Cause[]): ServiceSpec {
    if (!hasNodePorts(spec) || spec.ports === undefined) return spec;
    const given = new Map<number, number>();
    const own = new Set(portsOf(spec));
    for (const [at, { port, nodePort }] of spec.ports.entries()) {
      if (!nodePort) continue;
      const problem = portProblem(nodePort, taken);
      if (problem) causes.push(invalid(`spec.ports[${at}].nodePort`, nodePort, problem));
      if (!given.has(port)) given.set(port, nodePort);
    }
    let isFull = false;
    const ports = spec.ports.map((entry, at) => {
      if (entry.nodePort || isFull) return entry;
      const isTaken = (number: number): boolean => taken.has(number) || own.has(number);
      const nodePort = given.get(entry.port) ?? pickFree(nodePorts, isTaken, this.#random);
      if (nodePort === undefined) {
        isFull = true; // the first that gets none says it for all after it
        causes.push(invalid(`spec.ports[${at}].nodePort`, 0, noPorts));
        return entry;
      }
      given.set(entry.port, nodePort);
      own.add(nodePort);
      return { ...entry, nodePort };
    });
    return { ...spec, ports };
  }

  #giveHealthPort(spec: ServiceSpec, { ports: taken }: Omit<Numbers, 'owner'>, causes: Cause[]): ServiceSpec {
    if (!hasHealthPort(spec)) return spec;
    const { healthCheckNodePort: wanted } = spec;
    if (wanted) {
      const problem = portProblem(wanted, taken);
      if (problem) causes.push(invalid('spec.healthCheckNodePort', wanted, problem));
      return spec;
    }
    const own = new Set(portsOf(spec));
    const free = pickFree(nodePorts, (number) => taken.has(number) || own.has(number), this.#random);
    if (free === undefined) causes.push(invalid('spec.healthCheckNodePort', 0, noPorts));
    return free === undefined ? spec : { ...spec, healthCheckNodePort: free };
  }
}

/** A balancer that sends to nodes with pods alone asks each node whether it has some. */
function hasHealthPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

function hasAddress({ type }: ServiceSpec): boolean {
  return type !== 'ExternalName';
}

/** A load balancer can do without. */
function hasNodePorts({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
}

function ownerOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function numbersOf(owner: string, spec: ServiceSpec): Numbers {
  const addresses = [spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])].filter((each) => each !== '' && each !== 'None');
  return {
    owner,
    addresses: new Set(addresses),
    ports: new Set(portsOf(spec)),
  };
}

function portsOf({ ports = [], healthCheckNodePort }: ServiceSpec): number[] {
  return [healthCheckNodePort, ...ports.map(({ nodePort }) => nodePort)].flatMap((port) => port || []);
}

function addressProblem(address: string, taken: ReadonlySet<string>): string | undefined {
  const number = readAddress(address);
  if (number === undefined || !isWithin(serviceAddresses, number)) {
    return `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${serviceNetwork}`;
  }
  return taken.has(address) ? 'provided IP is already allocated' : undefined;
}

/** The list as Kubernetes' message shows it. */
function invalidAddress(address: string, problem: string): Cause {
  const shown = `[]string{${JSON.stringify(address)}}`;
  const message = `Invalid value: ${shown}: failed to allocate IP ${address}: ${problem}`;
  return { reason: 'FieldValueInvalid', message, field: 'spec.clusterIPs' };
}

/** Kubernetes answers with an InternalError, which says that the server is at fault; clients would try it again. */
const noPorts = 'failed to allocate a nodePort: range is full';

function portProblem(port: number, taken: ReadonlySet<number>): string | undefined {
  if (!isWithin(nodePorts, port)) {
    const range = `${nodePorts.first}-${nodePorts.last}`;
    return `provided port is not in the valid range. The range of valid ports is ${range}`;
  }
  return taken.has(port) ? 'provided port is already allocated' : undefined;
}
