import assert from 'node:assert/strict';
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kubectl, normalise } from '../api/kubectl.ts';
import { needs } from '../support/needs.ts';
import { Cluster } from './cluster.ts';
import { changeSteps } from './matrix/change-steps.ts';
import { clusterSteps } from './matrix/cluster-steps.ts';
import { createSteps } from './matrix/create-steps.ts';
import { findKubectls, type KubectlProgram } from './matrix/kubectls.ts';
import { podSteps } from './matrix/pod-steps.ts';
import type { Session, Step, Theme } from './matrix/step.ts';
import { workloadSteps } from './matrix/workload-steps.ts';
import { toolsImage } from './shell-pods.ts';

const themes: Readonly<Record<string, Theme>> = {
  'the cluster': clusterSteps,
  creating: createSteps,
  changing: changeSteps,
  workloads: workloadSteps,
  pods: podSteps,
};

/** Versions whose ways others have as well, but for their streams: for those two themes are enough. */
const between: ReadonlySet<number> = new Set([28, 29, 30, 31]);
const inShort = ['the cluster', 'pods'];

describe('the client matrix', function () {
  this.timeout(180_000);
  let cluster: Cluster;
  const programs = findKubectls();

  before(async function () {
    needs(this, process.getuid?.() === 0, 'root');
    needs(this, programs.length > 0, 'kubectl 1.27 or newer');
    cluster = await Cluster.create();
    await cluster.up();
    await cluster.importImage(toolsImage);
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });
  after(() => cluster?.destroy());

  if (programs.length === 0) it('needs a kubectl');
  for (const program of programs) {
    describe(`kubectl 1.${program.minor}`, () => {
      const session: Session = { name: `m1${program.minor}`, image: toolsImage, node: 'node-1' };
      let kubectl: Kubectl;
      before(async () => {
        kubectl = await open(cluster, program, session.name);
      });

      for (const [theme, stepsOf] of Object.entries(themes)) {
        if (between.has(program.minor) && !inShort.includes(theme)) continue;
        const steps = stepsOf(session).filter(({ since = 0 }) => program.minor >= since);
        it(`${theme}: ${steps.length} commands`, async () => {
          for (const step of steps) await check(kubectl, step);
        });
      }
    });
  }
});

/** kubectl with a home, a kubeconfig and a namespace of its own; its editor adds a label. */
async function open(cluster: Cluster, { path }: KubectlProgram, namespace: string): Promise<Kubectl> {
  const directory = join(cluster.directory, namespace);
  await mkdir(directory, { recursive: true });
  const kubeconfig = join(directory, 'kubeconfig');
  await cp(cluster.ready.kubeconfig, kubeconfig);
  const kubectl = await Kubectl.for({ directory, kubeconfig: () => Promise.resolve(kubeconfig) }, path);
  const editor = join(directory, 'editor');
  await writeFile(editor, '#!/bin/sh\nsed -i "s/^  labels:/  labels:\\n    edited: yes-/; s/yes-/\\"yes\\"/" "$1"\n');
  await chmod(editor, 0o755);
  kubectl.env['KUBE_EDITOR'] = editor;
  await kubectl.ok(`create namespace ${namespace}`);
  await kubectl.ok(`config set-context --current --namespace=${namespace}`);
  return kubectl;
}

async function check(kubectl: Kubectl, { run, code = 0, out, err, stdin }: Step): Promise<void> {
  const outcome = await kubectl.line(run, { stdin });
  const what = `kubectl ${run}\nexit code ${outcome.code}\n${outcome.stdout}${outcome.stderr}`;
  assert.equal(outcome.code, code, what);
  if (out instanceof RegExp) matches(outcome.stdout, out, what);
  else if (out !== undefined) assert.equal(normalise(outcome.stdout.trimEnd()), out, what);
  if (err instanceof RegExp) matches(outcome.stderr, err, what);
  else if (err !== undefined) assert.equal(outcome.stderr.trimEnd(), err, what);
}

/** As it is printed, or with what differs from run to run made equal. */
function matches(text: string, pattern: RegExp, what: string): void {
  assert.ok(
    pattern.test(text.trimEnd()) || pattern.test(normalise(text.trimEnd())),
    `${what}\ndoes not match ${pattern}`,
  );
}
