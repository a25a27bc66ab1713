import { createReadStream, statSync } from 'node:fs';
import { Command } from 'commander';
import { decompress } from '../../agent/images/decompress.ts';
import { type ImageRecord, ImageError } from '../../agent/images/image-service.ts';
import { archiveKind, importArchive } from '../../agent/images/import-archive.ts';
import { importRootfs } from '../../agent/images/import.ts';
import { pushImage } from '../../agent/images/push.ts';
import { canonicalName, parseReference } from '../../agent/images/reference.ts';
import type { ImageConfig } from '../../agent/images/snapshotter.ts';
import { formatExamples } from '../examples.ts';
import { printImages } from './image-output.ts';
import { pullOptions, type RegistryOptions, type StoreOptions, withImageStore } from './image-store.ts';
import { defaultDataDir } from '../client/kubeconfig.ts';
import { UsageError } from '../usage.ts';

interface ListOptions extends StoreOptions {
  output: string;
}

interface ImportOptions extends StoreOptions {
  entrypoint?: string[];
  cmd?: string[];
  env?: string[];
  user?: string;
  workdir?: string;
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `berth image …`: works on the store of this machine's agent, which may run meanwhile. */
export function imageCommand(): Command {
  const command = new Command('image')
    .description('Pull, push, import, list and remove images')
    .addHelpText('after', formatExamples(['berth image pull docker.io/library/nginx:1', 'berth image ls']));
  const part = (name: string, description: string, ...examples: string[]): Command =>
    command
      .command(name)
      .description(description)
      .addHelpText('after', formatExamples(examples.map((example) => `berth image ${name}${example}`)))
      .option('--data-dir <dir>', 'as given to berth up', defaultDataDir)
      .option('--node-name <name>', 'node whose images these are; the only one of the data directory by default');
  withRegistry(part('pull', 'Download images and unpack them', ' docker.io/library/nginx:1'))
    .argument('<name...>')
    .action(pull);
  withRegistry(part('push', 'Send an image to the registry of its name', ' registry.example.com/web:1'))
    .argument('<name>')
    .action(push);
  part('ls', 'List images', '', ' -o json')
    .option('-o, --output <format>', 'table, json or yaml', 'table')
    .action(list);
  part('rm', 'Remove names, and images with their last name', ' registry.example.com/web:1')
    .argument('<name...>')
    .action(remove);
  part('tag', 'Give an image another name', ' web:1 registry.example.com/web:1')
    .argument('<name>')
    .argument('<new-name>')
    .action(tag);
  part('import', 'Make an image of docker save, an OCI layout or a file system', ' web.tar', ' rootfs.tar.gz base:1')
    .argument('<path>', 'tar file, compressed or not, or folder with an OCI layout')
    .argument('[name]', 'name of the image; needed for a root file system')
    .option('--entrypoint <word...>', 'of the new image')
    .option('--cmd <word...>', 'of the new image')
    .option('--env <NAME=value...>', 'of the new image')
    .option('--user <user>', 'of the new image')
    .option('--workdir <dir>', 'of the new image')
    .action(importImage);
  return command;
}

function withRegistry(command: Command): Command {
  return command
    .option('--username <name>', 'for the registry')
    .option('--password-stdin', 'read the password from the standard input')
    .option('--insecure', 'accept any certificate of the registry')
    .option('--plain-http', 'speak HTTP without TLS');
}

async function pull(names: string[], options: RegistryOptions): Promise<void> {
  await withImageStore(options, names, async (store, signal) => {
    const how = await pullOptions(options, names, signal);
    for (const name of names) {
      const { id } = await store.pull(name, how);
      process.stdout.write(`${canonicalName(parseReference(name))} ${id}\n`);
    }
  });
}

async function push(name: string, options: RegistryOptions): Promise<void> {
  await withImageStore(options, [name], async (store, signal) => {
    const digest = await pushImage(store, name, await pullOptions(options, [name], signal));
    process.stdout.write(`${canonicalName(parseReference(name))} ${digest}\n`);
  });
}

async function list(options: ListOptions): Promise<void> {
  await withImageStore(options, [], async (store) => printImages(await store.list(), options.output));
}

async function remove(names: string[], options: StoreOptions): Promise<void> {
  await withImageStore(options, [], async (store) => {
    for (const name of names) {
      const found = await store.find(name);
      if (found === undefined) throw new ImageError('ImageInspectError', `there is no image ${name} here`);
      await store.remove(name);
      process.stdout.write(`${name} removed\n`);
    }
  });
}

async function tag(name: string, newName: string, options: StoreOptions): Promise<void> {
  await withImageStore(options, [], async (store) => {
    await store.tag(name, newName);
    process.stdout.write(`${canonicalName(parseReference(newName))}\n`);
  });
}

async function importImage(path: string, name: string | undefined, options: ImportOptions): Promise<void> {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  if (isFolder === undefined) throw new UsageError(`there is no file ${path}`);
  await withImageStore(options, [], async (store, signal) => {
    const isRootfs = !isFolder && (await archiveKind(path, signal)) === 'rootfs';
    if (!isRootfs) return printImported(await importArchive(store, path, { reference: name, signal }));
    if (name === undefined) throw new UsageError('a root file system needs a name: berth image import FILE NAME');
    const tar = decompress(createReadStream(path, { highWaterMark: 256 * 1024 }), signal);
    printImported([await importRootfs(store, tar, { reference: name, config: imageConfig(options), signal })]);
  });
}

function imageConfig({ entrypoint, cmd, env = [], user, workdir }: ImportOptions): ImageConfig {
  const hasPath = env.some((one) => one.startsWith('PATH='));
  return {
    Entrypoint: entrypoint,
    Cmd: cmd,
    Env: hasPath ? env : [defaultPath, ...env],
    User: user,
    WorkingDir: workdir,
  };
}

function printImported(records: readonly ImageRecord[]): void {
  for (const { references, id } of records) process.stdout.write(`${references.join(' ')} ${id}\n`);
}
