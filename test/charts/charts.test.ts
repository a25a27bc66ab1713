import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NamespaceReconciler } from '../../controller/reconcile/namespace/reconciler.ts';
import { EventRecorder } from '../../controller/store/event-recorder.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLogger } from '../../shared/log.ts';
import { resourceName, resources } from '../../shared/objects/resources.ts';
import { Scope } from '../../shared/scope.ts';
import { ApiHarness } from '../api/harness.ts';
import { Kubectl, needsKubectl } from '../api/kubectl.ts';
import { berthArguments } from '../cli/control-plane.ts';
import { outputOf } from '../support/command.ts';
import { needs } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { batches, hasRealManifests, kubeFiles, type KubeFile } from './files.ts';

/**
 * Every file of `manifests/`, of this folder and of real projects, many at once: the API server alone, without
 * controllers that would change what was applied.
 */
describe('files that users bring', function () {
  this.timeout(300_000);
  let api: ApiHarness;
  let kubectl: Kubectl;
  let scope: Scope;

  before(function () {
    needsKubectl(this);
  });

  beforeEach(async () => {
    api = await ApiHarness.start();
    scope = new Scope('charts');
    const deps = { store: api.store, clock: systemClock, log: silentLogger, random: Math.random };
    new NamespaceReconciler({ ...deps, events: new EventRecorder(deps) }).run(scope);
    kubectl = await Kubectl.for(api);
  });

  afterEach(async () => {
    await scope?.close();
    await api?.stop();
  });

  it('are here', function () {
    needs(this, hasRealManifests, '../shared/real-manifests');
  });

  type Field = 'resourceVersion' | 'generation';
  type Stored = Map<string, string | number | undefined>;

  /** A field of each stored object. */
  function stored(field: Field = 'resourceVersion'): Stored {
    return new Map(
      resources.flatMap((info) =>
        api.store.list(resourceName(info)).items.map(({ metadata }) => {
          const { namespace = '', name } = metadata;
          return [`${resourceName(info)} ${namespace}/${name}`, metadata[field]];
        }),
      ),
    );
  }

  /** Fails naming what has been added, changed or removed since. */
  function assertUnchanged(since: Stored, by: string, field: Field = 'resourceVersion'): void {
    const now = stored(field);
    const changed = [...new Set([...since.keys(), ...now.keys()])].filter((key) => since.get(key) !== now.get(key));
    assert.deepEqual(changed, [], `changed by ${by}`);
  }

  /** Without waiting, for which kubectl asks five times a second; until the rest is as it was. */
  async function deleteAll(folder: string, before: Stored): Promise<void> {
    await kubectl.ok(`delete --ignore-not-found --wait=false -f ${folder}`);
    await until(() => stored().size === before.size, 'everything is deleted');
    assertUnchanged(before, 'delete');
  }

  async function assertNoDiff(line: string): Promise<void> {
    const { code, stdout, stderr } = await kubectl.line(line);
    assert.deepEqual([code, stdout], [0, ''], stderr);
  }

  /** A namespace for objects that name none, and in it the folder `text` of each file. */
  async function open(name: string, files: readonly KubeFile[], text: 'text' | 'servedText'): Promise<string> {
    await kubectl.ok(`create namespace ${name}`);
    await kubectl.ok(`config set-context --current --namespace=${name}`);
    const folder = join(api.directory, name);
    await mkdir(folder);
    for (const file of files) await writeFile(pathIn(folder, file), file[text]);
    return folder;
  }

  for (const [index, files] of batches(kubeFiles()).entries()) {
    describe(`${files.length} files, batch ${index + 1}`, () => {
      it('apply, diff clean, apply again and are replaced without a change, and are deleted: kubectl', async () => {
        const folder = await open(`client-${index}`, files, 'servedText');
        const before = stored();
        const alone = files.filter(
          ({ identities }) => !identities.some((identity) => identity.startsWith('Namespace/')),
        );
        await kubectl.ok(`apply --dry-run=server ${alone.map((file) => `-f ${pathIn(folder, file)}`).join(' ')}`);
        assertUnchanged(before, 'apply --dry-run=server');
        await kubectl.ok(`apply -f ${folder}`);
        const applied = stored();
        assert.ok(applied.size >= before.size + files.flatMap(({ identities }) => identities).length);
        await assertNoDiff(`diff -f ${folder}`);
        // kubectl itself says "configured" when the text of a quantity differs from what is stored, as cpu: 1000m.
        await kubectl.ok(`apply -f ${folder}`);
        assertUnchanged(applied, 'apply');
        const generations = stored('generation');
        await kubectl.ok('replace -f -', { stdin: await kubectl.ok(`get -f ${folder} -o yaml`) });
        assertUnchanged(generations, 'replace', 'generation'); // kubectl writes what it has sent into an annotation
        await deleteAll(folder, before);
      });

      it('apply on the server, again without a change, and are deleted: kubectl', async () => {
        const folder = await open(`server-${index}`, files, 'servedText');
        const before = stored();
        await kubectl.ok(`apply --server-side -f ${folder}`);
        const applied = stored();
        await assertNoDiff(`diff --server-side -f ${folder}`);
        await kubectl.ok(`apply --server-side -f ${folder}`);
        assertUnchanged(applied, 'apply --server-side');
        await deleteAll(folder, before);
      });

      it('apply whole, again without a change, and are deleted: berth', async () => {
        const folder = await open(`berth-${index}`, files, 'text');
        const before = stored();
        const berth = (...args: string[]): Promise<string> =>
          outputOf(process.execPath, [...berthArguments, ...args, '-f', folder], { env: kubectl.env });
        const made = await berth('apply');
        assert.match(made, /^(\S+ created\n)+$/);
        const applied = stored();
        assert.equal(await berth('apply'), made.replaceAll(' created\n', ' unchanged\n'));
        assertUnchanged(applied, 'apply');
        await berth('delete');
        assertUnchanged(before, 'delete');
      });
    });
  }
});

function pathIn(folder: string, { name }: KubeFile): string {
  return join(folder, name.replaceAll('/', '_'));
}
