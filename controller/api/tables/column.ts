import type { KubeObject } from '../../../shared/objects/types.ts';
import { ageOf } from '../../../shared/age.ts';

/** One column of a kind. */
export interface Column {
  name: string;
  /** Default string. */
  type?: 'integer' | 'date';
  /** `name` for the column that names the object. */
  format?: 'name';
  description: string;
  /** Only with `-o wide`. */
  isWide?: true;
  cell(object: KubeObject, now: number): string | number;
}

export const none = '<none>';
export const unknown = '<unknown>';

/** A column whose cells come from an object of a known kind. */
export function column<T>(
  name: string,
  description: string,
  cell: (object: KubeObject & T, now: number) => string | number,
  more: Pick<Column, 'type' | 'format' | 'isWide'> = {},
): Column {
  return { name, description, ...more, cell: (object, now) => cell(object as KubeObject & T, now) };
}

export const wide = { isWide: true } as const;
export const integer = { type: 'integer' } as const;

export const nameColumn = column(
  'Name',
  'Name of the object, unique in its namespace',
  ({ metadata }) => metadata.name,
  {
    format: 'name',
  },
);

export const ageColumn = column('Age', 'Time since the object was created', ({ metadata }, now) =>
  ageOf(metadata.creationTimestamp, now),
);

/** When the object was made, RFC 3339. */
export const createdColumn = column(
  'Created At',
  'When the object was created',
  ({ metadata }) => metadata.creationTimestamp ?? unknown,
  { type: 'date' },
);
