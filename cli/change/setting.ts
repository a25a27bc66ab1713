import { Command } from 'commander';
import type { KubeObject, PodSpec } from '../../shared/objects/types.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { reportOne } from '../failure.ts';
import { outputOption } from '../print/output.ts';
import { patchOfPodSpec, podSpecOf, type Listed } from '../pods/pod-template.ts';
import { Results } from '../print/results.ts';
import {
  pathOf,
  selectObjects,
  withFiles,
  withSelector,
  type ObjectRef,
  type SelectOptions,
} from '../client/selection.ts';
import { withSession, type ApiOptions, type Session } from '../client/session.ts';

export interface SetOptions extends ApiOptions, SelectOptions {
  containers: string;
  dryRun?: DryRun;
  output?: string;
}

/** What to change of a pod spec, as a strategic merge patch. */
export type Plan = (spec: PodSpec) => object;

/** A command that changes the pods of objects. */
export function setting(name: string, changes: string): Command {
  return withSelector(withFiles(new Command(name), 'change what these name'))
    .argument('[word...]', `TYPE NAME… or TYPE/NAME…${changes === '' ? '' : `, then ${changes}`}`)
    .addOption(dryRunOption())
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'));
}

/** A patch of containers: of each its name, and what `change` makes of it. */
export function patchContainers<L extends Listed>(listed: L[], change: (each: L) => object): object {
  const patches = Map.groupBy(listed, ({ list }) => list);
  return Object.fromEntries(
    [...patches].map(([list, all]) => [list, all.map((each) => ({ name: each.container.name, ...change(each) }))]),
  );
}

/** Patches the pod spec of each object that the words mean, as the plan says that `prepare` makes once. */
export async function setAll(
  words: string[],
  options: SetOptions,
  done: string,
  prepare: (session: Session) => Plan | Promise<Plan>,
): Promise<void> {
  await withSession(options, async (session) => {
    const plan = await prepare(session);
    const results = new Results(options.output);
    await eachTemplate(session, words, options, async (ref, spec) => {
      const changed = await session.client.call<KubeObject>('PATCH', pathOf(ref), {
        body: patchOfPodSpec(ref.resource, plan(spec)),
        contentType: 'application/strategic-merge-patch+json',
        query: { fieldManager: 'berth-set', fieldValidation: 'Strict', ...dryRunQuery(options) },
      });
      results.add(ref.resource, ref.name, `${done}${dryRunSuffix(options)}`, changed);
    });
    results.finish();
  });
}

/** Reads the pod spec of each object that the words mean; a failure is told of, and the others go on. */
export async function eachTemplate(
  session: Session,
  words: string[],
  options: SetOptions,
  work: (ref: ObjectRef, spec: PodSpec) => Promise<void>,
): Promise<void> {
  for (const ref of await selectObjects(session, words, options)) {
    const change = async (): Promise<void> => {
      const object = await session.client.call<KubeObject>('GET', pathOf(ref));
      await work(ref, podSpecOf(ref.resource, object));
    };
    await change().catch((error: unknown) => reportOne(error));
  }
}
