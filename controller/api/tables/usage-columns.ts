import { addQuantities, formatQuantity, parseQuantity } from '../../../shared/objects/quantity.ts';
import { column, nameColumn, type Column } from './column.ts';

type Amounts = Readonly<Record<string, string>>;

interface Measured {
  usage?: Amounts;
  containers?: readonly { usage: Amounts }[];
  window?: string;
}

/** Of nodes and pods in `metrics.k8s.io`, in lower case as metrics-server has them; of a pod the sum. */
export const usageColumns: readonly Column[] = [
  nameColumn,
  column<Measured>('cpu', 'Cores in use', (measured) => sumOf(measured, 'cpu')),
  column<Measured>('memory', 'Memory in use', (measured) => sumOf(measured, 'memory')),
  column<Measured>('Window', 'Time over which it was measured', ({ window = '' }) => window),
];

function sumOf({ usage, containers = [] }: Measured, resource: string): string {
  const amounts = [...(usage === undefined ? [] : [usage]), ...containers.map((each) => each.usage)];
  const all = amounts.map((each) => parseQuantity(each[resource] ?? '0'));
  return formatQuantity(all.reduce(addQuantities, parseQuantity('0')));
}
