import { Help, type Command, type HelpConfiguration, type Option } from 'commander';
import { formatDuration } from './durations.ts';

/** How every help looks: a line for each command, with its name and what it does. */
export const helpStyle: HelpConfiguration = {
  subcommandTerm: (command) => command.name(),
  // those of berth itself, -h and -V, would only push its commands off the screen
  visibleOptions: (command) => (command.parent === null ? [] : new Help().visibleOptions(command)),
  optionDescription: describeOption,
  visibleCommands: ({ commands }) => [...commands], // without `help`, which does what `--help` does
};

/** As commander does, but with durations as people write them, and without what says nothing. */
function describeOption(option: Option): string {
  const text = new Help().optionDescription(option).replace(/, preset: "(\w+)"/, '; alone: $1');
  if (!option.flags.includes('<duration>')) return text.replace(/ \(default: ""\)$/, '');
  return text.replace(/\(default: (\d+)\)$/, (_all, ms: string) => `(default: ${formatDuration(Number(ms))})`);
}

const start = `
Start here:
  berth quickstart             Berth on this machine, with a demo to look at
  berth apply -f manifests/    run what manifests say
  berth get pods -A            see what runs; then describe, logs, exec

berth COMMAND --help shows flags and examples. Before or behind any command:
-n NAMESPACE, --context NAME, --kubeconfig FILE, --as USER.`;

/** Says under the list of commands what to begin with. */
export function withStart(program: Command): Command {
  return program.addHelpText('after', start);
}

/** What users of other tools type, and what it is called here. */
const elsewhere: Readonly<Record<string, string>> = {
  images: 'image ls',
  info: 'cluster-info',
  inspect: 'describe',
  join: 'agent --join TOKEN',
  kill: 'delete pod',
  login: 'image pull --username NAME --password-stdin',
  nodes: 'get nodes',
  ps: 'get pods',
  pull: 'image pull',
  push: 'image push',
  restart: 'rollout restart',
  rm: 'delete',
  rmi: 'image rm',
  start: 'up',
  stop: 'scale --replicas=0, berth delete, or berth down for this machine',
  whoami: 'auth whoami',
};

/** What a word that is no command is called here; undefined when nobody calls a command so. */
export function nameHere(word: string): string | undefined {
  return Object.hasOwn(elsewhere, word) ? `berth ${elsewhere[word]}` : undefined;
}
