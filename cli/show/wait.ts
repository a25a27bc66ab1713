import { Command } from 'commander';
import { ApiError } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { parseDurationMs } from '../durations.ts';
import { reportOne } from '../failure.ts';
import { parsePath, showValue, valuesAt } from '../print/jsonpath.ts';
import { outputOption } from '../print/output.ts';
import { groupVersion } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import { selectObjects, withFiles, withSelector, type ObjectRef, type SelectOptions } from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';
import { waitFor } from './watching.ts';

interface WaitOptions extends ApiOptions, SelectOptions {
  for: string;
  timeout: number;
  output?: string;
}

/** What is waited for. */
interface State {
  what: string;
  /** An object that does not exist is what is waited for, or will be. */
  mayBeAbsent: boolean;
  isMet: (object: KubeObject | undefined) => boolean;
}

type WithConditions = KubeObject & {
  status?: { observedGeneration?: number; conditions?: { type: string; status: string }[] };
};

const forEverMs = 7 * 86_400_000;

/** `berth wait --for=condition=Ready pod/web`, `--for=delete`, `--for=create`, `--for=jsonpath={.status.phase}=Running`. */
export function waitCommand(): Command {
  const command = withSelector(withFiles(new Command('wait'), 'wait for what these name'))
    .description('Wait until objects are in a state')
    .argument('[type...]', 'TYPE NAME…, TYPE/NAME…, or TYPE with -l or --all')
    .requiredOption('--for <state>', 'condition=TYPE[=STATUS], delete, create, or jsonpath={.path}[=VALUE]')
    .option('--field-selector <fields>', 'objects with these fields, as spec.nodeName=node-1')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--timeout <duration>', 'how long; 0 checks once, -1 waits for a week', parseTimeout, 30_000)
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'))
    .action((words: string[], options: WaitOptions) =>
      withSession(options, (session) => wait(session, words, options)),
    );
  return withApiOptions(command, [
    'berth wait --for=condition=Ready pod/web --timeout=60s',
    'berth wait --for=condition=Available deployment --all',
    "berth wait --for=jsonpath='{.status.phase}'=Succeeded pod/once",
    'berth wait --for=delete pod -l app=web',
  ]);
}

function parseTimeout(text: string): number {
  return text.startsWith('-') ? forEverMs : parseDurationMs(text);
}

async function wait(session: Session, words: string[], options: WaitOptions): Promise<void> {
  const state = parseState(options.for);
  const selected = await selectObjects(session, words, options);
  if (selected.length === 0) throw new Error('no matching resources found');
  const deadline = performance.now() + options.timeout;
  const results = new Results(options.output);
  for (const ref of selected) {
    try {
      const last = await waitForState(session, ref, state, Math.max(0, deadline - performance.now()));
      const none = { apiVersion: groupVersion(ref.resource), kind: ref.resource.kind, metadata: { name: ref.name } };
      results.add(ref.resource, ref.name, state.what === 'delete' ? 'deleted' : 'condition met', last ?? none);
    } catch (error) {
      reportOne(error);
    }
  }
  results.finish();
}

/** Resolves with the object as it was seen last. */
async function waitForState(
  session: Session,
  ref: ObjectRef,
  { what, mayBeAbsent, isMet }: State,
  timeoutMs: number,
): Promise<KubeObject | undefined> {
  let last: KubeObject | undefined;
  const isDone = (object: KubeObject | undefined): boolean => {
    last = object ?? last;
    if (isMet(object)) return true;
    if (object !== undefined || mayBeAbsent) return false;
    throw new ApiError('NotFound', `${ref.resource.plural} "${ref.name}" not found`);
  };
  // Something that is there already is found however little time is left.
  await waitFor(session, ref, what, Math.max(timeoutMs, 1000), (object) => {
    const done = isDone(object);
    if (!done && timeoutMs === 0) throw new Error(`${ref.resource.singular}/${ref.name}: ${what} is not met`);
    return done;
  });
  return last;
}

/** What `--for` means. Throws UsageError. */
function parseState(text: string): State {
  if (text === 'delete') return { what: text, mayBeAbsent: true, isMet: (object) => object === undefined };
  if (text === 'create') return { what: text, mayBeAbsent: true, isMet: (object) => object !== undefined };
  const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(text);
  if (condition !== null) {
    const [, type = '', status = 'True'] = condition;
    return { what: text, mayBeAbsent: false, isMet: (object) => hasCondition(object, type, status) };
  }
  const path = /^jsonpath=(\{.*\}|[^={}]+)(?:=(.*))?$/.exec(text);
  if (path === null) {
    throw new UsageError(`--for=${text}: use condition=TYPE, delete, create or jsonpath={.path}=VALUE`);
  }
  const [, keys = '', wanted] = path;
  const steps = parsePath(keys);
  const isMet = (object: KubeObject | undefined): boolean => {
    const values = valuesAt(object, steps);
    return wanted === undefined ? values.length > 0 : values.some((value) => showValue(value) === wanted);
  };
  return { what: text, mayBeAbsent: false, isMet };
}

/** A condition that was made before the last change of the spec says nothing about it. */
function hasCondition(object: KubeObject | undefined, type: string, status: string): boolean {
  const { metadata, status: { observedGeneration, conditions = [] } = {} } = (object ?? {}) as Partial<WithConditions>;
  if ((observedGeneration ?? Infinity) < (metadata?.generation ?? 0)) return false;
  const isSame = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
  return conditions.some((found) => isSame(found.type, type) && isSame(found.status, status));
}
