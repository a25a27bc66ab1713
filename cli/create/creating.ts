import { Command } from 'commander';
import type { KubeObject } from '../../shared/objects/types.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { outputOption } from '../print/output.ts';
import { resourcePath } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';

/** Flags that whatever makes objects has. */
export interface CreateOptions extends ApiOptions {
  dryRun?: DryRun;
  output?: string;
}

/** An object as users may write it: fields beyond the common ones are checked by the server. */
export type NewObject = Omit<KubeObject, 'metadata'> & { metadata: Partial<KubeObject['metadata']> } & Record<
    string,
    unknown
  >;

/** Makes the object that words and flags mean. */
export type Make<O> = (words: string[], options: O, session: Session) => NewObject | Promise<NewObject>;

/** Adds `--dry-run` and `-o`. */
export function withCreateFlags(command: Command): Command {
  return command.addOption(dryRunOption()).addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'));
}

/** Makes a command of its words and flags create the object that they mean. */
export function creating<O extends CreateOptions>(command: Command, make: Make<O>, examples: string[]): Command {
  withCreateFlags(command).action((...all: unknown[]) => {
    const words = (all.slice(0, -2) as (string | string[] | undefined)[]).flatMap((word) => word ?? []);
    const options = command.optsWithGlobals<O>(); // those before the name of the subcommand count too
    return withSession(options, async (session) => {
      const results = new Results(options.output);
      await createOne(session, await make(words, options, session), options, results);
      results.finish();
    });
  });
  return withApiOptions(command, examples);
}

/** Creates one object in its namespace or that of the session, and tells of it; a dry run of the client sends nothing. */
export async function createOne(
  { client, names, namespace }: Session,
  object: NewObject,
  options: CreateOptions,
  results: Results,
  done = 'created',
): Promise<NewObject> {
  const resource = names.findKind(object.apiVersion, object.kind);
  const made =
    options.dryRun === 'client'
      ? object
      : await client.call<NewObject>('POST', resourcePath(resource, object.metadata.namespace ?? namespace), {
          body: object,
          query: { fieldManager: 'berth-create', fieldValidation: 'Strict', ...dryRunQuery(options) },
        });
  results.add(resource, made.metadata.name ?? '', `${done}${dryRunSuffix(options)}`, made as KubeObject);
  return made;
}

/** For flags that may be given several times, and with commas between their values. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(',')];
}

/** As `collect`, for values in which a comma may stand. */
export function collectWhole(text: string, before: string[] = []): string[] {
  return [...before, text];
}
