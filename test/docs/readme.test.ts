import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { needsKubectl } from '../api/kubectl.ts';
import { berthArguments } from '../cli/control-plane.ts';
import { Cluster } from '../e2e/cluster.ts';
import { runCommand, type Outcome } from '../support/command.ts';
import { freePorts } from '../support/free-ports.ts';
import { documents, fencedBlocks, root, shellLines, type ShellLine } from './shell-lines.ts';
import { needs, needsRoot } from '../support/needs.ts';

/** Commands that no test machine can run, and why. */
const elsewhere: [RegExp, string][] = [
  [/^npm (test|run mocha)\b/, 'runs this very test'],
  [/^npm run (quickstart|setup)\b/, 'sets up the whole machine'],
  [/^\.\/berth up$/, 'runs already: this test has begun with it'],
  [/^\.\/berth up .*192\.0\.2\./, 'needs the addresses of several machines'],
  [/^\.\/berth agent --join\b/, 'needs another machine'],
];

/** Ends what all others need. */
const isLast = ({ command }: ShellLine): boolean => command === './berth down';

describe('examples and commands in the documentation', function () {
  this.timeout(180_000);
  let cluster: Cluster | undefined;
  let checkout = '';

  before(async function () {
    needsRoot(this);
    needsKubectl(this);
    needs(this, existsSync('/bin/busybox'), 'busybox-static');
    cluster = await Cluster.create();
    checkout = cluster.directory;
    await cluster.up();
    await cluster.importImage('127.0.0.1:7450/hello:1');
    await layOut(checkout, cluster.dataDir);
    await run('./berth apply -f manifests/');
  });

  after(async () => cluster?.destroy());

  afterEach(function () {
    cluster?.explain(this.currentTest);
  });

  /** Where the commands are typed: Berth with this test's data directory, and manifests that collide with nobody's. */
  async function layOut(folder: string, dataDir: string): Promise<void> {
    const berth = `exec '${[process.execPath, ...berthArguments].join("' '")}'`;
    const own = `case $1 in down | image) set -- "$@" --data-dir '${dataDir}' ;; esac`;
    writeFileSync(join(folder, 'berth'), `#!/bin/sh\n${own}\n${berth} "$@"\n`, { mode: 0o755 });
    cpSync(join(root, 'manifests'), join(folder, 'manifests'), { recursive: true });
    const [port] = await freePorts(1);
    replaceIn(join(folder, 'manifests/hello.yaml'), 'hostPort: 8088', `hostPort: ${port}`);
    replaceIn(join(folder, 'manifests/host-path.yaml'), '/var/tmp/berth-example', join(folder, 'host-path'));
    symlinkSync(join(root, 'docs'), join(folder, 'docs'));
  }

  function replaceIn(file: string, what: string, by: string): void {
    const text = readFileSync(file, 'utf8');
    assert.ok(text.includes(what), `${file} contains ${what}`);
    writeFileSync(file, text.replaceAll(what, by));
  }

  async function run(command: string): Promise<Outcome> {
    assert.ok(cluster);
    const NODE_COMPILE_CACHE = process.env['NODE_COMPILE_CACHE'] ?? join(checkout, 'compiled');
    const env = { KUBECONFIG: cluster.ready.kubeconfig, NODE_COMPILE_CACHE };
    const line = command.replaceAll('/var/lib/berth', cluster.dataDir);
    const outcome = await runCommand('bash', ['-c', `cd '${checkout}' && ${line}`], { env, withinMs: 150_000 });
    assert.equal(outcome.code, 0, `${command}\n${outcome.stdout}${outcome.stderr}`);
    return outcome;
  }

  const output = async (command: string): Promise<string> => (await run(command)).stdout.trimEnd();

  it('finds every example running, and applied again without a change', async () => {
    await run('./berth wait --for=condition=Ready --timeout=60s pod/config-and-secret pod/limits pod/init-and-sidecar');
    await run('./berth rollout status --timeout=60s deployment/hello deployment/probes deployment/rolling-update');
    const lines = (await output('./berth apply -f manifests/')).split('\n');
    assert.ok(lines.length > 8 && lines.every((line) => line.endsWith(' unchanged')), lines.join('\n'));
  });

  it('finds work that failed once done', async () => {
    await run("./berth wait pod/once --for=jsonpath='{.status.phase}'=Succeeded --timeout=60s");
    assert.equal(await output("./berth get pod once -o jsonpath='{..restartCount}'"), '1');
    assert.equal(await output('./berth logs once'), 'done');
    assert.equal(await output('./berth logs once --previous'), 'failed, and will be tried again');
    assert.match(await output('./berth describe pod once'), /Last State: +Terminated: Error \(exit code 1\)/);
  });

  it('finds settings in the environment and in files', async () => {
    const show = `echo "$LEVEL $PASSWORD"; grep colour /etc/app/app.conf; cat /etc/secret/password`;
    const shown = await output(`./berth exec config-and-secret -- sh -c '${show}'`);
    assert.equal(shown, 'info correct horse\ncolour = blue\ncorrect horse');
  });

  it('finds containers of a pod that see each other', async () => {
    assert.equal(await output('./berth logs init-and-sidecar -c prepare'), 'prepared');
    const page = await output('./berth exec init-and-sidecar -c web -- cat /www/index.html');
    const { stdout } = await run('./berth logs init-and-sidecar -c watch --tail 1');
    assert.equal(stdout.trimEnd(), page);
  });

  it('finds what a pod has left in a folder of its node', async () => {
    await run('./berth wait --for=condition=Ready --timeout=60s pod/host-path');
    await run('./berth delete pod host-path && ./berth apply -f manifests/host-path.yaml');
    await run('./berth wait --for=condition=Ready --timeout=60s pod/host-path');
    const starts = readFileSync(join(checkout, 'host-path/starts'), 'utf8').trimEnd().split('\n');
    assert.equal(starts.length, 2);
    assert.ok(starts.every((line) => line.endsWith(' on node-1')));
  });

  const lines = documents().flatMap(shellLines);
  for (const { file, line, command } of [...lines.filter((each) => !isLast(each)), ...lines.filter(isLast)]) {
    const [, reason] = elsewhere.find(([pattern]) => pattern.test(command)) ?? [];
    if (reason !== undefined) it.skip(`${file}:${line}: ${command} (${reason})`);
    else {
      it(`${file}:${line}: ${command}`, async () => {
        assert.match(command, /^(\.\/berth|kubectl|echo) /, 'a command that this test does not know');
        await run(command);
      });
    }
  }
});

describe('documentation', () => {
  it('links only to files that exist', () => {
    const broken = documents().flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => normalize(join(dirname(file), target)))
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${file}: ${target}`),
    );
    assert.deepEqual(broken, []);
  });

  it('names only files of the tree between backquotes', () => {
    const names = /`((?:agent|bench|cli|controller|docs|manifests|shared|test)\/[\w./-]+)`/g;
    const wrong = documents().flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(names)]
        .filter(([, name = '']) => !existsSync(join(root, name)))
        .map(([, name]) => `${file}: ${name}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('keeps the README short enough to be read', () => {
    assert.ok(readFileSync(join(root, 'README.md'), 'utf8').split('\n').length <= 150);
    assert.notEqual(fencedBlocks('README.md', 'sh').length, 0);
  });
});
