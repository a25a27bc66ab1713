import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** Media types of the four patches. */
export const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

export interface PatchRequest {
  type: PatchType;
  info: ResourceInfo;
  /** Parsed body. */
  body: unknown;
  /** Of the request; required for apply. */
  fieldManager: string;
  force: boolean;
  /** Set when a subresource (`status`, `scale`) is patched. */
  subresource?: string;
}

export type { KubeObject };
