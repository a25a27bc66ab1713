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

/** What users of other tools type, and what does that here. */
const elsewhere: Readonly<Record<string, string>> = {
  build: 'docker build, buildah or another builder, push the image or save it, and berth image import FILE',
  compose: 'kompose convert to make manifests of a compose file, and berth apply -f on them',
  images: 'berth image ls',
  info: 'berth cluster-info',
  inspect: 'berth describe',
  install: 'helm template NAME CHART | berth apply -f -, or Helm itself with the kubeconfig of berth up',
  join: 'berth agent --join TOKEN',
  kill: 'berth delete pod',
  login: 'berth image pull --username NAME --password-stdin',
  nodes: 'berth get nodes',
  proxy: 'kubectl proxy with the kubeconfig of berth up, or berth port-forward for one pod or service',
  ps: 'berth get pods',
  pull: 'berth image pull',
  push: 'berth image push',
  restart: 'berth rollout restart',
  rm: 'berth delete',
  rmi: 'berth image rm',
  start: 'berth up',
  stop: 'berth scale --replicas=0, berth delete, or berth down for this machine',
  whoami: 'berth auth whoami',
};

/** What to use for a word that is no command; undefined when nobody calls a command so. */
export function useInstead(word: string): string | undefined {
  return Object.hasOwn(elsewhere, word) ? elsewhere[word] : undefined;
}
