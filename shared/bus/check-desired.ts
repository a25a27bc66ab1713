import { ApiError } from '../errors.ts';
import type { KubeObject } from '../objects/types.ts';
import { asCount, asFields, asList, asName, asText, optional } from './check-values.ts';
import type { Delta, DesiredItem, RegisterReply, StatusReply, SyncReply } from './messages.ts';

/** What a controller says, as an agent reads it. */
export function checkSyncReply(body: unknown): SyncReply {
  const reply = asFields(body, 'sync reply');
  return {
    snapshot: asText(reply.snapshot, 'snapshot'),
    epoch: asText(reply.epoch, 'epoch'),
    counter: asCount(reply.counter, 'counter'),
    items: asList(reply.items, 'items', 100_000, checkItem),
    next: optional(reply.next, 'next', asCount),
  };
}

export function checkDelta(body: unknown): Delta {
  const delta = asFields(body, 'delta');
  return {
    epoch: asText(delta.epoch, 'epoch'),
    counter: asCount(delta.counter, 'counter'),
    previous: asCount(delta.previous, 'previous'),
    set: asList(delta.set ?? [], 'set', 100_000, checkItem),
    remove: asList(delta.remove ?? [], 'remove', 100_000, checkKey),
  };
}

function checkItem(value: unknown, where: string): DesiredItem {
  const item = asFields(value, where);
  const object = asFields(item.object, `${where}.object`);
  const { name } = asFields(object.metadata, `${where}.object.metadata`);
  asName(name, `${where}.object.metadata.name`);
  return { key: checkKey(item.key, `${where}.key`), object: object as unknown as KubeObject };
}

function checkKey(value: unknown, where: string): string {
  const key = asText(value, where, 400);
  if (/^(pods|configmaps|secrets|serviceaccounts|tokens|endpoints)\/[a-z0-9-]+\/[a-z0-9.-]+$/.test(key)) return key;
  throw new ApiError('BadRequest', `${where}: must be <resource>/<namespace>/<name>`);
}

export function checkStatusReply(body: unknown): StatusReply {
  return { unknown: asList(asFields(body, 'status reply').unknown, 'unknown', 1000, asText) };
}

export function checkRegisterReply(body: unknown): RegisterReply {
  const { podCIDR, clusterId } = asFields(body, 'register reply');
  return { podCIDR: asText(podCIDR, 'podCIDR', 64), clusterId: asText(clusterId, 'clusterId') };
}
