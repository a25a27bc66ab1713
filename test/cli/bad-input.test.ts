import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Pki } from '../../controller/certificates/pki.ts';
import { systemClock } from '../../shared/clock.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { ControlPlane, type Kubeconfig } from './control-plane.ts';

const good = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n';
const container = 'containers: [{name: c, image: i}]';
const deployment = (spec: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: bad}\nspec:\n  ${spec}\n  selector: {matchLabels: {a: b}}\n` +
  `  template: {metadata: {labels: {a: b}}, spec: {${container}}}\n`;

describe('berth on bad input', function () {
  this.timeout(180_000);
  let plane: ControlPlane;

  before(async () => {
    plane = await ControlPlane.start();
  });

  after(async () => plane?.stop());

  /** Content of the second document, exit code, and what the line must say. */
  const refused: [string, string | Uint8Array, 1 | 2, RegExp][] = [
    ['syntax', 'kind: [1\n', 2, /syntax\.yaml document 2: line 6: /],
    ['scalar', 'hello\n', 2, /scalar\.yaml document 2: is not an object/],
    ['kind', good.replace('ConfigMap', 'Jobb'), 2, /kind\.yaml document 2: kind: the server has no Jobb in v1/],
    ['version', deployment('replicas: 1').replace('apps/v1', 'apps/v1beta1'), 2, /it has Deployment in apps\/v1/],
    ['unknown', deployment('replcias: 1'), 1, /unknown\.yaml document 2: .*unknown field "spec\.replcias"/],
    ['type', deployment('replicas: two'), 1, /type\.yaml document 2: .*spec\.replicas/],
    ['value', deployment('replicas: -1'), 1, /value\.yaml document 2: .*spec\.replicas: Invalid value: -1/],
    ['name', good.replace('good', 'Not_A_Name'), 1, /name\.yaml document 2: .*metadata\.name/],
    ['binary', Buffer.of(0xff, 0xfe, 0x00, 0x80), 2, /cannot read .*binary\.yaml: it is not text in UTF-8/],
  ];
  for (const [name, content, code, message] of refused) {
    it(`refuses a manifest that is wrong in its ${name}, and applies nothing of the file`, async () => {
      const bytes = typeof content === 'string' ? `${good}---\n${content}` : content;
      const file = await plane.file(`${name}.yaml`, bytes);
      const { code: ended, stdout, stderr } = await plane.berth(['apply', '-f', file]);
      assert.deepEqual([ended, stdout], [code, ''], stderr);
      const [line = '', ...more] = stderr.trimEnd().split('\n');
      assert.match(line, message);
      assert.deepEqual(more, code === 1 ? ['berth: nothing was changed, since not everything can be applied'] : []);
    });
  }

  it('has changed nothing by all of that', async () => {
    assert.equal(await plane.ok('get configmaps,deployments -o name'), 'configmap/kube-root-ca.crt');
  });

  it('takes an unknown field when it is told to, with a warning', async () => {
    const file = await plane.file('warn.yaml', `${good}dta: {}\n`);
    const { code, stderr } = await plane.berth(['apply', '-f', file, '--validate=warn', '--dry-run']);
    assert.deepEqual([code, stderr], [0, 'Warning: unknown field "dta"\n']);
  });

  it('names files that cannot be read, also over HTTP', async () => {
    const server = createServer((request, response) => {
      response.statusCode = request.url === '/good.yaml' ? 200 : 404;
      response.end(good);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const empty = join(plane.directory, 'empty');
      await mkdir(empty);
      const [missing, folder, absent, fetched] = await Promise.all([
        plane.fails('apply -f no/such.yaml', 2),
        plane.fails(['apply', '-f', empty], 2),
        plane.fails(['apply', '-f', `${url}/bad.yaml`], 2),
        plane.ok(['apply', '--dry-run', '-f', `${url}/good.yaml`]),
      ]);
      assert.match(missing, /the path "no\/such\.yaml" does not exist/);
      assert.match(folder, /no objects in .*empty/);
      assert.match(absent, /cannot read http:.*bad\.yaml: the server answered 404/);
      assert.match(fetched, /^configmap\/good created/);
    } finally {
      server.close();
    }
  });

  it('refuses a namespace that is not the one of the flag, and one that does not exist', async () => {
    const elsewhere = good.replace('{name: good}', '{name: good, namespace: kube-system}');
    const file = await plane.file('elsewhere.yaml', elsewhere);
    const flag = await plane.fails(['apply', '-n', 'default', '-f', file], 2);
    assert.match(flag, /elsewhere\.yaml: metadata\.namespace: is "kube-system", which does not match -n default/);
    const absent = await plane.fails('apply -n nowhere -f -', 1, { stdin: good });
    assert.match(absent, /standard input: namespaces "nowhere" not found/);
  });

  it('says which flag, type or word is wrong', async () => {
    const wrong: [string, RegExp][] = [
      ['get pods --nonsense', /unknown option '--nonsense'; see berth get --help/],
      ['gett pods', /unknown command 'gett' \(Did you mean get\?\)/],
      ['get', /name a resource type/],
      ['get widgets', /no resource type "widgets"; berth api-resources lists what it has$/],
      ['get deploymen', /no resource type "deploymen"; did you mean deployment\?$/],
      ['drain', /name the nodes, or choose them with -l$/],
      ['get pods -o csv', /'csv' is invalid\. Use wide, json/],
      ["get pods -o 'jsonpath={.a'", /without its other half/],
      ['get pod a -A', /use -n/],
      ['apply', /name a file or directory with -f/],
      ['scale deployment web', /required option '--replicas <count>' not specified/],
      ['scale deployment web --replicas=-1', /whole number/],
      ['delete pod web --cascade=maybe', /Allowed choices are background/],
      ['rollout status pod/web', /a pod has no rollout/],
      ['rollout history deployment', /name the deployment, as deployment\/web/],
      ['wait pod/web', /required option '--for <state>'/],
      ['wait pod/web --for=ready', /use condition=TYPE/],
      ['logs web --tail=few', /--tail is a number/],
      ['up --runtime lxc', /Allowed choices are oci/],
      ['exec web', /missing required argument 'command'/],
      ['delete pod web --timeout=soon', /Write a duration/],
    ];
    for (const half of [wrong.slice(0, 9), wrong.slice(9)]) {
      await Promise.all(half.map(async ([words, message]) => assert.match(await plane.fails(words, 2), message)));
    }
  });

  it('says what keeps it from the server', async () => {
    const at = async (name: string, change: (config: Kubeconfig) => void, code: 1 | 2 = 1): Promise<string> =>
      plane.fails(['get', 'pods', '--kubeconfig', await plane.kubeconfigWith(name, change)], code);
    const withServer = (server: string) => (config: Kubeconfig) => void (config.clusters[0].cluster['server'] = server);
    const pki = await Pki.open(join(plane.directory, 'other'), systemClock);
    const authority = Buffer.from(pki.authority).toString('base64');
    const broken = await plane.file('broken', 'a: [\n b: }');
    const [refusal, host, token, ca, url, unreadable, none, context] = await Promise.all([
      at('refusal', withServer('https://127.0.0.1:1')),
      at('host', withServer('https://no.such.host.invalid')),
      at('token', (config) => (config.users[0].user['token'] = 'wrong')),
      at('ca', (config) => (config.clusters[0].cluster['certificate-authority-data'] = authority)),
      at('url', withServer('nonsense'), 2),
      plane.fails(['get', 'pods', '--kubeconfig', broken], 2),
      plane.fails('get pods --kubeconfig /no/such/file', 2),
      plane.fails('get pods --context elsewhere', 2),
    ]);
    assert.match(refusal, /cannot reach https:\/\/127\.0\.0\.1:1: nothing listens there: is Berth running/);
    assert.match(host, /there is no such host: check the server in .*host$/);
    assert.match(token, /does not accept the credentials in .*token: they are wrong or have expired/);
    assert.match(ca, /its certificate is not the one that .*ca expects/);
    assert.match(url, /url: clusters\[\]\.cluster\.server: "nonsense" is not a URL/);
    assert.match(unreadable, /broken: .* at line 2/);
    assert.match(none, /cannot read kubeconfig \/no\/such\/file: it does not exist; start Berth with 'berth up'/);
    assert.match(context, /no entry "elsewhere" in contexts/);
  });

  it('says when a certificate has expired, and when its user may not do something', async () => {
    const authority = join(plane.directory, 'data/controller/pki');
    const withUser = async (name: string, pki: Pki, group: string): Promise<string> => {
      const { certificate, privateKey } = await pki.issueClientCertificate('visitor', [group]);
      await plane.file(`${name}.crt`, certificate);
      await plane.file(`${name}.key`, privateKey);
      const user = { 'client-certificate': `${name}.crt`, 'client-key': `${name}.key` };
      return plane.kubeconfigWith(name, (config) => (config.users[0].user = user));
    };
    const past = await Pki.open(authority, new ManualClock(Date.parse('2000-01-01')));
    const expired = await withUser('expired', past, 'system:masters');
    const visitor = await withUser('visitor', await Pki.open(authority, systemClock), 'visitors');
    const admin = await withUser('admin', await Pki.open(authority, systemClock), 'system:masters');
    const [late, forbidden] = await Promise.all([
      plane.fails(['get', 'pods', '--kubeconfig', expired], 1),
      plane.fails(['get', 'pods', '--kubeconfig', visitor], 1),
      plane.ok(['get', 'pods', '--kubeconfig', admin]),
    ]);
    assert.match(late, /credentials in .*expired: they are wrong or have expired/);
    assert.match(forbidden, /forbidden: User "visitor" cannot list/);
  });
});
