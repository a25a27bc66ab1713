import type { Node, NodeStatus } from '../objects/types.ts';
import { checkCondition } from './check-messages.ts';
import { asFields, asList, asOneOf, asText, asTexts, optional } from './check-values.ts';
import type { RegisterRequest } from './messages.ts';

/** Checks an agent's introduction; only what an agent may say of itself is kept. */
export function checkRegister(body: unknown): RegisterRequest {
  const request = asFields(body, 'register');
  const node = asFields(request.node, 'node');
  const metadata = asFields(node.metadata, 'node.metadata');
  const spec = asFields(node.spec ?? {}, 'node.spec');
  const checked: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: asText(metadata.name, 'node.metadata.name', 253),
      labels: asTexts(metadata.labels, 'node.metadata.labels'),
    },
    spec: {
      taints: asList(spec.taints ?? [], 'node.spec.taints', 64, (value, where) => {
        const taint = asFields(value, where);
        return {
          key: asText(taint.key, `${where}.key`, 317),
          value: optional(taint.value, `${where}.value`, asText),
          effect: asOneOf(taint.effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute'], `${where}.effect`),
        };
      }),
    },
    status: checkNodeStatus(node.status),
  };
  return { node: checked, routes: asList(request.routes, 'routes', 10_000, asText) };
}

function checkNodeStatus(value: unknown): NodeStatus {
  const status = asFields(value, 'node.status');
  return {
    capacity: asTexts(status.capacity, 'node.status.capacity'),
    allocatable: asTexts(status.allocatable, 'node.status.allocatable'),
    conditions: asList(status.conditions ?? [], 'node.status.conditions', 64, checkCondition),
    addresses: asList(status.addresses ?? [], 'node.status.addresses', 64, (item, where) => {
      const { type, address } = asFields(item, where);
      return { type: asText(type, `${where}.type`), address: asText(address, `${where}.address`) };
    }),
    nodeInfo: asTexts(status.nodeInfo, 'node.status.nodeInfo') as unknown as NodeStatus['nodeInfo'],
  };
}
