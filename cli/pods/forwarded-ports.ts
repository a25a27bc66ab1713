import type { Pod, Service, Stored } from '../../shared/objects/types.ts';
import { UsageError } from '../usage.ts';

/** A port here, 0 for any that is free, and the one of the pod that it leads to. */
export interface ForwardedPort {
  local: number;
  remote: number;
}

/** `8080:80`, `80`, `:80`, `8080:http`; of a service its own ports. Throws UsageError, or an Error for a port that is not there. */
export function parseForwardedPort(word: string, pod: Stored<Pod>, service?: Stored<Service>): ForwardedPort {
  const [first = '', second, ...rest] = word.split(':');
  const wanted = second ?? first;
  if (rest.length > 0 || wanted === '') throw new UsageError(`"${word}" is not LOCAL:REMOTE, as 8080:80`);
  const { own, remote } = service === undefined ? ofPod(pod, wanted) : ofService(service, pod, wanted);
  const local = second === undefined ? own : /^0*$/.test(first) ? 0 : portNumber(first);
  if (local === undefined) throw new UsageError(`"${word}": "${first}" is not a port of this machine`);
  return { local, remote };
}

/** What a port is called by those who use it, and where it leads in the pod. */
interface Ends {
  own: number;
  remote: number;
}

/** Undefined for what is no TCP port. */
function portNumber(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function ofPod({ metadata, spec }: Stored<Pod>, port: string): Ends {
  const named = (spec?.containers ?? []).flatMap(({ ports = [] }) => ports).find(({ name }) => name === port);
  const number = portNumber(port) ?? named?.containerPort;
  if (number !== undefined) return { own: number, remote: number };
  if (/^\d+$/.test(port)) throw new UsageError(`"${port}" is not a port`);
  throw new Error(`Pod '${metadata.name}' does not have a named port '${port}'`);
}

function ofService({ metadata, spec }: Stored<Service>, pod: Stored<Pod>, port: string): Ends {
  const found = spec?.ports?.find(({ name, port: number }) => name === port || String(number) === port);
  if (found === undefined) throw new Error(`Service ${metadata.name} does not have a service port ${port}`);
  const isHeadless = spec?.clusterIP === 'None'; // its clients reach the pods' own ports
  const remote = isHeadless ? found.port : ofPod(pod, String(found.targetPort ?? found.port)).remote;
  return { own: found.port, remote };
}
