import { Command, Option } from 'commander';
import { parseLabelSelector } from '../../shared/objects/selector.ts';
import type { LabelSelector } from '../../shared/objects/types.ts';
import { UsageError } from '../usage.ts';
import { collect, creating, type CreateOptions, type NewObject } from './creating.ts';

interface BudgetOptions extends CreateOptions {
  selector: string;
  minAvailable?: string;
  maxUnavailable?: string;
}

interface QuotaOptions extends CreateOptions {
  hard?: string[];
  scopes?: string[];
}

interface PriorityOptions extends CreateOptions {
  value: string;
  globalDefault?: boolean;
  description?: string;
  preemptionPolicy: string;
}

/** `create namespace shop`. */
export function namespaceCommand(): Command {
  const command = new Command('namespace').alias('ns').description('A namespace').argument('<name>', 'its name');
  const make = ([name = '']: string[]): NewObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return creating<CreateOptions>(command, make, ['berth create namespace shop']);
}

/** `create poddisruptionbudget web --selector=app=web --min-available=1`. */
export function budgetCommand(): Command {
  const command = new Command('poddisruptionbudget')
    .alias('pdb')
    .description('How many pods must stay while nodes are drained')
    .argument('<name>', 'its name')
    .requiredOption('--selector <labels>', 'of the pods with these labels')
    .option('--min-available <count>', 'so many must stay: a number or 50%')
    .option('--max-unavailable <count>', 'so many may be away: a number or 50%');
  return creating<BudgetOptions>(command, makeBudget, [
    'berth create pdb web --selector=app=web --min-available=1',
    'berth create pdb api --selector=app=api --max-unavailable=25%',
  ]);
}

function makeBudget([name = '']: string[], { selector, minAvailable, maxUnavailable }: BudgetOptions): NewObject {
  if ((minAvailable === undefined) === (maxUnavailable === undefined)) {
    throw new UsageError('one of --min-available and --max-unavailable must be specified');
  }
  const spec = {
    selector: toLabelSelector(selector),
    ...(minAvailable !== undefined && { minAvailable: countOrPercent(minAvailable) }),
    ...(maxUnavailable !== undefined && { maxUnavailable: countOrPercent(maxUnavailable) }),
  };
  return { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name }, spec };
}

/** `a=b,c in (d,e)` as a spec carries it. */
export function toLabelSelector(text: string): LabelSelector {
  const all = parseLabelSelector(text);
  const isPlain = ({ operator, values }: (typeof all)[number]): boolean => operator === 'In' && values.length === 1;
  const plain = all.filter(isPlain).map(({ key, values }) => [key, values[0] ?? '']);
  const others = all
    .filter((each) => !isPlain(each))
    .map(({ key, operator, values }) => ({
      key,
      operator,
      ...(values.length > 0 && { values: [...values] }),
    }));
  return {
    ...(plain.length > 0 && { matchLabels: Object.fromEntries(plain) }),
    ...(others.length > 0 && { matchExpressions: others }),
  };
}

function countOrPercent(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** `create quota limits --hard=pods=10,cpu=4`. */
export function quotaCommand(): Command {
  const command = new Command('quota')
    .alias('resourcequota')
    .description('How much a namespace may use')
    .argument('<name>', 'its name')
    .option('--hard <resource=amount>', 'how much of what, as pods=10,cpu=4', collect)
    .option('--scopes <scopes>', 'of which pods, as BestEffort', collect);
  const make = ([name = '']: string[], { hard = [], scopes }: QuotaOptions): NewObject => ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name },
    spec: { hard: Object.fromEntries(hard.map(parseAmount)), ...(scopes && { scopes }) },
  });
  return creating<QuotaOptions>(command, make, ['berth create quota small --hard=pods=10,requests.cpu=4']);
}

function parseAmount(word: string): [string, string] {
  const [resource = '', amount = ''] = word.split('=');
  if (resource === '' || amount === '') throw new UsageError(`"${word}" is not RESOURCE=AMOUNT, as pods=10`);
  return [resource, amount];
}

/** `create priorityclass high --value=1000`. */
export function priorityClassCommand(): Command {
  const command = new Command('priorityclass')
    .alias('pc')
    .description('How important pods are')
    .argument('<name>', 'its name')
    .requiredOption('--value <number>', 'the higher, the more important')
    .option('--global-default', 'for pods that name no other')
    .option('--description <text>', 'when to use it')
    .addOption(
      new Option('--preemption-policy <policy>', 'whether pods in the way are removed')
        .choices(['PreemptLowerPriority', 'Never'])
        .default('PreemptLowerPriority'),
    );
  return creating<PriorityOptions>(command, makePriorityClass, [
    "berth create priorityclass high --value=1000 --description='what customers see'",
  ]);
}

function makePriorityClass([name = '']: string[], options: PriorityOptions): NewObject {
  const { value, globalDefault = false, description, preemptionPolicy } = options;
  if (!/^-?\d{1,10}$/.test(value)) throw new UsageError(`--value ${value} is not a whole number`);
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value: Number(value),
    globalDefault,
    preemptionPolicy,
    ...(description !== undefined && { description }),
  };
}
