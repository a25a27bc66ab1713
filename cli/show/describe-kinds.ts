import type { KubeObject, Pod, Stored } from '../../shared/objects/types.ts';
import type { Session } from '../client/session.ts';
import { pairs, type Sheet, type Value } from '../print/sheet.ts';
import { access } from './describe-access.ts';
import { limits } from './describe-limits.ts';
import { network } from './describe-network.ts';
import { describeNode } from './describe-node.ts';
import { describePod, formatTime } from './describe-pod.ts';
import { services } from './describe-services.ts';
import { storage } from './describe-storage.ts';
import { workloads } from './describe-workloads.ts';
import type { Describe } from './describing.ts';

interface Data extends KubeObject {
  type?: string;
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

const kinds: Record<string, Describe> = {
  Pod: (_session, pod: Stored<Pod>) => describePod(pod),
  Node: describeNode,
  Secret: (_session, { type, data = {} }: Data) => [
    ['Type', type],
    ['Data', sizesOf(data)],
  ],
  ConfigMap: (_session, { data = {}, binaryData }: Data) => [
    ['Data', { below: Object.entries(data) }],
    ['BinaryData', binaryData && sizesOf(binaryData)],
  ],
  ...workloads,
  ...services,
  ...network,
  ...storage,
  ...access,
  ...limits,
};

function sizesOf(data: Record<string, string>): Value {
  return {
    below: Object.entries(data).map(([key, base64]) => [key, `${Buffer.from(base64, 'base64').length} bytes`]),
  };
}

/** What is told of an object besides its metadata; undefined for kinds that are shown as they are. */
export function describeKind(session: Session, object: KubeObject): Sheet | Promise<Sheet> | undefined {
  return kinds[object.kind]?.(session, object as never);
}

/** What is told of every object, whatever its kind. */
export function describeMetadata({ metadata }: KubeObject): Sheet {
  const { name, namespace, labels, annotations = {}, creationTimestamp, finalizers } = metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...shown } = annotations;
  return [
    ['Name', name],
    ['Namespace', namespace],
    ['Created', formatTime(creationTimestamp)],
    ['Labels', pairs(labels)],
    ['Annotations', pairs(shown, ': ')],
    ['Finalizers', finalizers],
  ];
}
