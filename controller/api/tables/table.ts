import type { ResourceInfo } from '../../../shared/objects/resources.ts';
import { resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { Column } from './column.ts';
import { columnsOf } from './columns.ts';

/** What a row carries beside its cells: clients take namespace and labels from it, `--sort-by` the whole object. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  /** Milliseconds since the epoch: ages count from here. */
  now: number;
  includeObject: IncludeObject;
  listMeta: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
}

export type Cell = string | number;

export interface Table {
  kind: 'Table';
  apiVersion: 'meta.k8s.io/v1';
  metadata: TableOptions['listMeta'];
  columnDefinitions: { name: string; type: string; format: string; description: string; priority: number }[];
  rows: { cells: Cell[]; object?: object }[];
}

/** Objects of one resource as `kubectl get` prints them. `shown` gives the object that goes with a row, if one does. */
export function toTable(
  info: ResourceInfo,
  objects: readonly KubeObject[],
  options: TableOptions,
  shown: (object: KubeObject) => KubeObject = (object) => object,
): Table {
  const columns = columnsOf(resourceName(info));
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.listMeta,
    columnDefinitions: columns.map(({ name, type = 'string', format = '', description, isWide = false }) => ({
      name,
      type,
      format,
      description,
      priority: isWide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map((column) => cellOf(column, object, options.now)),
      ...objectOf(object, options.includeObject, shown),
    })),
  };
}

/** An object that its columns cannot read, stored by an older version or by hand, must not hide all others. */
function cellOf({ cell }: Column, object: KubeObject, now: number): Cell {
  try {
    return cell(object, now);
  } catch {
    return '<error>';
  }
}

function objectOf(
  object: KubeObject,
  include: IncludeObject,
  shown: (object: KubeObject) => KubeObject,
): { object?: object } {
  switch (include) {
    case 'None':
      return {};
    case 'Object':
      return { object: shown(object) };
    case 'Metadata':
      return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } };
  }
}
