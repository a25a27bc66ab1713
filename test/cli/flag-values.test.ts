import assert from 'node:assert/strict';
import { Command, Option } from 'commander';
import { commandGroups } from '../../cli/commands.ts';
import { prepare } from '../../cli/failure.ts';

const yes = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const no = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

/** Every command that does something itself, with the words that lead to it. */
async function everyCommand(): Promise<[string, () => Promise<Command>][]> {
  const loads = Object.values(commandGroups).flatMap((group) => Object.entries(group));
  const found = await Promise.all(loads.map(async ([name, load]) => inner(name, load, await load())));
  return found.flat();
}

function inner(name: string, load: () => Promise<Command>, command: Command): [string, () => Promise<Command>][] {
  const below = command.commands.flatMap((child) =>
    inner(
      `${name} ${child.name()}`,
      async () => (await load()).commands.find((each) => each.name() === child.name()) ?? assert.fail(),
      child,
    ),
  );
  return [[name, load], ...below];
}

/** What a fresh command makes of words. */
async function read(
  load: () => Promise<Command>,
  words: readonly string[],
): Promise<{ command: Command; left: string[] }> {
  const command = prepare(await load()).configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  const { operands, unknown } = command.parseOptions([...words]);
  return { command, left: [...operands, ...unknown] };
}

const isSwitch = (option: Option): boolean => !option.required && !option.optional;

function accepts({ parseArg }: Option, value: string): boolean {
  try {
    parseArg?.(value, undefined);
    return true;
  } catch {
    return false;
  }
}

describe('flags and their values', () => {
  it('takes what kubectl takes for true and false, of every switch of every command, and nothing else', async () => {
    let seen = 0;
    for (const [path, load] of await everyCommand()) {
      for (const option of (await load()).options.filter(isSwitch)) {
        const name = option.attributeName();
        for (const flag of [option.long, option.short].filter((each) => each !== undefined)) {
          seen += 1;
          for (const [words, wanted] of [[yes, true] as const, [no, false] as const]) {
            for (const word of words) {
              const { command, left } = await read(load, [`${flag}=${word}`, 'web']);
              assert.equal(command.getOptionValue(name), wanted !== option.negate, `${path} ${flag}=${word}`);
              assert.deepEqual(left, ['web'], `${path} ${flag}=${word}`);
            }
          }
          const last = await read(load, [flag, `${flag}=false`]);
          assert.equal(last.command.getOptionValue(name), option.negate, `${path} ${flag} ${flag}=false`);
          const first = await read(load, [`${flag}=false`, flag]);
          assert.equal(first.command.getOptionValue(name), !option.negate, `${path} ${flag}=false ${flag}`);
          for (const wrong of ['', 'yes', 'tRUE', '2']) {
            await assert.rejects(
              read(load, [`${flag}=${wrong}`]),
              { message: `error: ${flag}: "${wrong}" is neither true nor false` },
              `${path} ${flag}=${wrong}`,
            );
          }
        }
      }
    }
    assert.ok(seen > 150, `${seen} switches`);
  });

  it('takes a value behind = of every short flag of every command, alone and behind others', async () => {
    let seen = 0;
    for (const [path, load] of await everyCommand()) {
      const { options } = await load();
      const [short] = options.filter(isSwitch).flatMap((option) => option.short ?? []);
      for (const option of options.filter((each) => each.required && each.short !== undefined && each.short !== '-k')) {
        seen += 1;
        const flag = option.short ?? '';
        const value = ['7', 'json', 'name'].find((each) => accepts(option, each)) ?? assert.fail(`${path} ${flag}`);
        const apart = (await read(load, [flag, value])).command.opts();
        const ways = [
          [`${flag}=${value}`],
          [`${flag}${value}`],
          ...(short === undefined ? [] : [[`${short}${flag[1]}=${value}`]]),
        ];
        for (const [at, way] of ways.entries()) {
          const { command, left } = await read(load, [...way, 'web']);
          const alike = at < 2 ? apart : (await read(load, [short ?? '', flag, value])).command.opts();
          assert.deepEqual(command.opts(), alike, `${path} ${way.join(' ')}`);
          assert.deepEqual(left, ['web'], `${path} ${way.join(' ')}`);
        }
      }
    }
    assert.ok(seen > 100, `${seen} short flags`);
  });

  it('leaves values, and what stands behind --, as they are', async () => {
    const command = (): Promise<Command> =>
      Promise.resolve(
        new Command('x')
          .option('-i, --stdin')
          .option('-l, --selector <labels>')
          .addOption(new Option('--dry-run [how]').preset('client'))
          .option('-e, --env <pair>')
          .argument('[words...]'),
      );
    const cases: [string, Record<string, unknown>, string[]][] = [
      ['-l -i=false', { selector: '-i=false' }, []],
      ['--selector --stdin=false a', { selector: '--stdin=false' }, ['a']],
      ['-e=a=b', { env: 'a=b' }, []],
      ['-ea=b', { env: 'a=b' }, []],
      ['-e= a', { env: '' }, ['a']],
      ['-ie=a=b', { stdin: true, env: 'a=b' }, []],
      ['--dry-run web', { dryRun: 'client' }, ['web']],
      ['--dry-run=server web', { dryRun: 'server' }, ['web']],
      ['a -- -i=false --stdin=1', {}, ['a', '-i=false', '--stdin=1']],
      ['--help=false a', {}, ['a']],
    ];
    for (const [line, options, left] of cases) {
      const found = await read(command, line.split(' '));
      assert.deepEqual([found.command.opts(), found.left], [options, left], line);
    }
  });
});
