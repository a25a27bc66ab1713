import type { Command, Option } from 'commander';

const truths: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false])),
};

/**
 * Lets a command read its flags as kubectl does: `-n=web` is `-n web`, a flag that is on or off takes a value behind `=`
 * (`--watch=false`), and so alone does one whose value may be left out. Of a flag that stands twice the last one counts.
 */
export function readFlagsAsKubectl(command: Command): Command {
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (words) => parse(takeFlags(command, words));
  return command;
}

/** Takes the flags that may stand without a value; returns the other words, as commander understands them. */
function takeFlags(command: Command, words: readonly string[]): string[] {
  const left: string[] = [];
  let hasOperand = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '--') return [...left, ...words.slice(at)];
    const isInner = !hasOperand && command.commands.some((inner) => inner.name() === word);
    if (isInner) return [...left, ...words.slice(at)]; // its flags are read by itself
    hasOperand ||= !word.startsWith('-');
    const rest = word.startsWith('--') ? takeLong(command, word) : takeShort(command, word);
    left.push(...rest);
    if (awaitsValue(command, rest.at(-1)) && at + 1 < words.length) left.push(words[(at += 1)] ?? '');
  }
  return left;
}

/** Whether commander takes the next word for the value of this one. */
function awaitsValue(command: Command, word: string | undefined): boolean {
  if (word === undefined) return false;
  return command.options.some(({ required, long, short }) => required && (long === word || short === word));
}

function takeLong(command: Command, word: string): string[] {
  const end = word.includes('=') ? word.indexOf('=') : word.length;
  const name = word.slice(0, end);
  const value = end < word.length ? word.slice(end + 1) : undefined;
  if (name === '--help' && value !== undefined) return readTruth(command, name, value) ? [name] : [];
  const option = command.options.find(({ long }) => long === name);
  if (option === undefined || option.required) return [word];
  return take(command, option, name, value);
}

/** Of `-itn=web` takes `-i` and `-t`, and returns what is left: `-n` and `web`. */
function takeShort(command: Command, word: string): string[] {
  if (!/^-[^-]/.test(word)) return [word];
  const name = word.slice(0, 2);
  const attached = word.slice(2);
  const option = command.options.find(({ short }) => short === name);
  if (option === undefined)
    return name === '-h' && attached.startsWith('=') ? takeLong(command, `--help${attached}`) : [word];
  const value = attached.startsWith('=') ? attached.slice(1) : undefined;
  if (option.required) return value === undefined && attached === '' ? [name] : [name, value ?? attached];
  const taken = take(command, option, name, value);
  return value === undefined && attached !== '' ? [...taken, ...takeShort(command, `-${attached}`)] : taken;
}

/** Sets a flag that is on or off; one that may take a value is returned with it, for commander to check. */
function take(command: Command, option: Option, name: string, value: string | undefined): string[] {
  if (option.long === '--version') return [name];
  if (option.optional) return [`${option.long}=${value ?? String(option.presetArg)}`];
  const isOn = value === undefined || readTruth(command, name, value);
  command.setOptionValueWithSource(option.attributeName(), isOn !== option.negate, 'cli');
  return [];
}

function readTruth(command: Command, name: string, value: string): boolean {
  if (Object.hasOwn(truths, value)) return truths[value] === true;
  return command.error(`error: ${name}: "${value}" is neither true nor false`);
}
