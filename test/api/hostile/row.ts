import type { CallOptions } from '../harness.ts';

export const maps = '/api/v1/namespaces/default/configmaps';
export const pods = '/api/v1/namespaces/default/pods';
export const deployments = '/apis/apps/v1/namespaces/default/deployments';

/** One request that must be refused as the client's fault. */
export type Row = [name: string, method: string, path: string, options: CallOptions];

export function type(contentType: string): { headers: Record<string, string> } {
  return { headers: { 'content-type': contentType } };
}

/** A ConfigMap with any metadata and any other fields. */
export function map(metadata: unknown, rest: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...rest };
}

export function nested(open: string, close: string, depth: number): string {
  return open.repeat(depth) + close.repeat(depth);
}
