import { addAmounts, amountsOf, podLimits, podRequests, type Amounts } from '../../shared/objects/pod-requests.ts';
import type { Lease, Node, Pod, Stored } from '../../shared/objects/types.ts';
import type { Session } from '../client/session.ts';
import { formatAge } from '../print/columns.ts';
import type { Sheet, Value } from '../print/sheet.ts';
import { describeConditions, formatTime } from './describe-pod.ts';
import { listed, related } from './describing.ts';

const rolePrefix = 'node-role.kubernetes.io/';

/** A node: what it is, what it has, and what its pods take of it. */
export async function describeNode(session: Session, { metadata, spec, status = {} }: Stored<Node>): Promise<Sheet> {
  const onNode = { fieldSelector: `spec.nodeName=${metadata.name}` };
  const all = await related<Pod>(session, ['v1', 'Pod'], undefined, onNode);
  const pods = all.filter((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed');
  const { nodeInfo, capacity = {}, allocatable = {}, addresses = [] } = status;
  const roles = Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith(rolePrefix));
  return [
    ['Roles', listed(roles.map((label) => label.slice(rolePrefix.length)))],
    [
      'Taints',
      spec?.taints?.map(({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`) ?? [],
    ],
    ['Unschedulable', spec?.unschedulable ?? false],
    ['Lease renewed', await describeLease(session, metadata.name)],
    ['Conditions', describeConditions(status.conditions)],
    ['Addresses', { below: addresses.map(({ type, address }) => [type, address]) }],
    ['Capacity', { below: Object.entries(capacity) }],
    ['Allocatable', { below: Object.entries(allocatable) }],
    [
      'System Info',
      {
        below: [
          ['Machine ID', nodeInfo?.machineID ?? ''],
          ['System UUID', nodeInfo?.systemUUID ?? ''],
          ['Boot ID', nodeInfo?.bootID ?? ''],
          ['Kernel Version', nodeInfo?.kernelVersion ?? ''],
          ['OS Image', nodeInfo?.osImage ?? ''],
          ['Operating System', nodeInfo?.operatingSystem ?? ''],
          ['Architecture', nodeInfo?.architecture ?? ''],
          ['Container Runtime Version', nodeInfo?.containerRuntimeVersion ?? ''],
          ['Kubelet Version', nodeInfo?.kubeletVersion ?? ''],
        ],
      },
    ],
    ['PodCIDR', spec?.podCIDR],
    ...describeLoad(pods, amountsOf(allocatable)),
  ];
}

async function describeLease(session: Session, name: string): Promise<string> {
  const named = { fieldSelector: `metadata.name=${name}` };
  const [lease] = await related<Lease>(session, ['coordination.k8s.io/v1', 'Lease'], 'kube-node-lease', named);
  return formatTime(lease?.spec?.renewTime) ?? '<none>';
}

/** The pods that run or wait on a node, and the sum of what they ask for. */
function describeLoad(pods: readonly Stored<Pod>[], allocatable: Amounts): [string, Value][] {
  const loads = pods.map(({ metadata, spec = { containers: [] } }) => ({
    metadata,
    asked: podRequests(spec),
    most: podLimits(spec),
  }));
  const share = (amounts: Amounts, name: string): string => {
    const amount = amounts[name] ?? 0;
    const whole = allocatable[name] ?? 0;
    return `${formatAmount(name, amount)} (${whole === 0 ? 0 : Math.floor((amount / whole) * 100)}%)`;
  };
  const rows = loads.map(({ metadata, asked, most }) => [
    metadata.namespace ?? '',
    metadata.name,
    ...['cpu', 'memory'].flatMap((name) => [share(asked, name), share(most, name)]),
    formatAge(metadata.creationTimestamp),
  ]);
  const sumOf = (read: (load: (typeof loads)[number]) => Amounts): Amounts => loads.map(read).reduce(addAmounts, {});
  const [asked, most] = [sumOf((load) => load.asked), sumOf((load) => load.most)];
  const names = new Set(['cpu', 'memory', 'ephemeral-storage', ...Object.keys(asked), ...Object.keys(most)]);
  const headings = ['NAMESPACE', 'NAME', 'CPU REQUESTS', 'CPU LIMITS', 'MEMORY REQUESTS', 'MEMORY LIMITS', 'AGE'];
  return [
    [`Non-terminated Pods (${pods.length} in total)`, { rows: pods.length === 0 ? [] : [headings, ...rows] }],
    [
      'Allocated resources',
      {
        rows: [
          ['RESOURCE', 'REQUESTS', 'LIMITS'],
          ...[...names].map((name) => [name, share(asked, name), share(most, name)]),
        ],
      },
    ],
  ];
}

const binaryUnits = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

/** `250m`, `2`, `64Mi`: in the largest unit that needs no fraction. */
function formatAmount(name: string, amount: number): string {
  if (name === 'cpu') return amount % 1000 === 0 ? String(amount / 1000) : `${amount}m`;
  let unit = 0;
  let rest = amount;
  for (; rest > 0 && rest % 1024 === 0 && unit < binaryUnits.length - 1; rest /= 1024) unit += 1;
  return `${rest}${binaryUnits[unit]}`;
}
