import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { needsKubectl } from '../api/kubectl.ts';
import { runCommand } from '../support/command.ts';
import { ControlPlane } from './control-plane.ts';

const hello = join(import.meta.dirname, '../../manifests/hello.yaml');
const readManagers = "get deploy hello -o 'jsonpath={.metadata.managedFields[*].manager}'";

describe('kubectl apply and berth apply on the same objects', function () {
  this.timeout(180_000);
  let plane: ControlPlane;

  before(async function () {
    needsKubectl(this);
    plane = await ControlPlane.start();
  });

  after(async () => plane?.stop());

  async function kubectl(...args: string[]): Promise<string> {
    const env = { KUBECONFIG: plane.kubeconfig, HOME: plane.directory, KUBECACHEDIR: join(plane.directory, 'cache') };
    const { code, stdout, stderr } = await runCommand('kubectl', args, { env });
    assert.equal(code, 0, stderr);
    return stdout.trimEnd();
  }

  /** The demo with other words and another image. */
  async function changed(greeting: string, more = ''): Promise<string> {
    const text = await readFile(hello, 'utf8');
    return plane.file(
      `${greeting}.yaml`,
      text.replace('Hello from Berth', greeting).replace('hello:1', `hello:${greeting}${more}`),
    );
  }

  it('finds nothing to do after the other has applied the same', async () => {
    await kubectl('apply', '-f', hello);
    assert.equal(await plane.ok(['apply', '-f', hello]), 'configmap/hello unchanged\ndeployment.apps/hello unchanged');
    assert.equal(await kubectl('apply', '-f', hello), 'configmap/hello unchanged\ndeployment.apps/hello unchanged');
  });

  it('changes what the other has applied, back and forth', async () => {
    const [one, two, three] = [await changed('one'), await changed('two'), await changed('three')];
    await kubectl('apply', '-f', one);
    assert.equal(await plane.ok(['apply', '-f', two]), 'configmap/hello configured\ndeployment.apps/hello configured');
    await kubectl('apply', '-f', three);
    assert.equal(await plane.ok(['apply', '-f', one]), 'configmap/hello configured\ndeployment.apps/hello configured');
    assert.equal(await plane.ok("get deploy hello -o 'jsonpath={..image}'"), '127.0.0.1:7450/hello:one');
    assert.doesNotMatch(await plane.ok(readManagers), /kubectl-client-side-apply/);
  });

  it('says that nothing changed when a quantity is only written in another way', async () => {
    const resources = { limits: { cpu: '1000m', memory: '1024Mi' } };
    const spec = { containers: [{ name: 'main', image: 'other:1', resources }] };
    const template = { metadata: { labels: { app: 'other' } }, spec };
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'other' },
      spec: { replicas: 0, selector: { matchLabels: { app: 'other' } }, template },
    };
    const file = await plane.file('quantities.json', JSON.stringify(object));
    await kubectl('apply', '-f', file);
    assert.equal(await plane.ok(['apply', '-f', file]), 'deployment.apps/other unchanged');
  });

  it('removes what the other had said and a manifest says no more', async () => {
    const manifest = (data: object): string =>
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data });
    const file = await plane.file('map.json', manifest({ a: '1', b: '2', c: '3' }));
    await kubectl('apply', '-f', file);
    await plane.file('map.json', manifest({ a: '1', b: '2' }));
    await plane.ok(['apply', '-f', file]);
    assert.equal(await plane.ok("get configmap m -o 'jsonpath={.data}'"), '{"a":"1","b":"2"}');
    await plane.file('map.json', manifest({ a: '1' }));
    await kubectl('apply', '-f', file);
    assert.equal(await plane.ok("get configmap m -o 'jsonpath={.data}'"), '{"a":"1"}');
  });

  it('does not take what somebody else has set, unless it is told to', async () => {
    await kubectl('apply', '-f', hello, '--server-side', '--field-manager=pipeline', '--force-conflicts');
    const file = await changed('mine');
    const refused = await plane.berth(['apply', '-f', file]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /^berth: .*mine\.yaml document 1: others have set \.data\.GREETING \(conflict with "pipeline"/,
    );
    assert.match(refused.stderr, /; --force-conflicts takes these fields over\n/);
    await plane.ok(['apply', '-f', file, '--force-conflicts']);
  });
});
