import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Pki } from '../../controller/certificates/pki.ts';
import { systemClock } from '../../shared/clock.ts';
import { ControlPlane } from './control-plane.ts';

type Made = Record<string, unknown>;

describe('berth create', function () {
  this.timeout(240_000);
  let plane: ControlPlane;

  before(async () => {
    plane = await ControlPlane.start();
  });

  after(async () => plane?.stop());

  /** What a line would create: made from the words alone. */
  async function make(line: string): Promise<Made> {
    return JSON.parse(await plane.ok(`create ${line.replace(/( -- .*|$)/, ' --dry-run=client -o json$1')}`)) as Made;
  }

  it('creates what files hold, once', async () => {
    const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-file}\n';
    assert.equal(
      await plane.ok('create -f - --dry-run=server', { stdin: map }),
      'configmap/from-file created (server dry run)',
    );
    assert.equal(await plane.ok('create -f -', { stdin: map }), 'configmap/from-file created');
    assert.match(await plane.fails('create -f -', 1, { stdin: map }), /configmaps "from-file" already exists/);
    assert.match(await plane.fails('create', 2), /name a file or directory with -f/);
  });

  it('makes a TLS secret of a certificate and its own key only', async () => {
    const pki = await Pki.open(join(plane.directory, 'pki'), systemClock);
    const [site, other] = [
      await pki.serverIdentity('site', ['a.example']),
      await pki.serverIdentity('other', ['b.example']),
    ];
    const cert = await plane.file('site.crt', site.certificate);
    const own = await plane.file('site.key', site.privateKey);
    const foreign = await plane.file('other.key', other.privateKey);
    assert.equal(await plane.ok(`create secret tls site --cert=${cert} --key=${own}`), 'secret/site created');
    assert.match(
      await plane.fails(`create secret tls bad --cert=${cert} --key=${foreign}`, 2),
      /the key of \S+other\.key is not that of the certificate in \S+site\.crt$/,
    );
    assert.match(
      await plane.fails(`create secret tls bad --cert=${own} --key=${own}`, 2),
      /not a certificate and its key/,
    );
    assert.match(await plane.fails('get secret bad', 1), /"bad" not found/);
  });

  it('names what files leave to the server', async () => {
    const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: some-}\n';
    const [first, second] = await Promise.all(['', ''].map(() => plane.ok('create -f -', { stdin: map })));
    assert.match(first ?? '', /^configmap\/some-\w{5} created$/);
    assert.notEqual(first, second);
    assert.match(await plane.fails('apply -f -', 2, { stdin: map }), /metadata.name: missing/);
  });

  /** Every kind, from flags; the server takes each. */
  const lines: [string, string][] = [
    ['namespace shop', 'namespace/shop'],
    ['deployment web --image=nginx:1 --port=80 -r 0', 'deployment.apps/web'],
    ['cronjob nightly --image=busybox --schedule=0,3,*,*,* -- true', 'cronjob.batch/nightly'],
    ['configmap settings --from-literal=a=1', 'configmap/settings'],
    ['secret generic login --from-literal=a=1', 'secret/login'],
    ['secret docker-registry pull --docker-username=u --docker-password=p', 'secret/pull'],
    ['service clusterip web --tcp=80:8080', 'service/web'],
    ['svc clusterip headless --clusterip=None', 'service/headless'],
    ['service nodeport node --tcp=80:http --node-port=30123', 'service/node'],
    ['service externalname out --external-name=db.example.com', 'service/out'],
    ['ingress web --rule=a.example.com/*=web:80', 'ingress.networking.k8s.io/web'],
    ['serviceaccount robot', 'serviceaccount/robot'],
    ['role reader --verb=get,list --resource=pods,deploy', 'role.rbac.authorization.k8s.io/reader'],
    ['rolebinding readers --role=reader --user=anna', 'rolebinding.rbac.authorization.k8s.io/readers'],
    ['clusterrole scraper --verb=get --non-resource-url=/metrics', 'clusterrole.rbac.authorization.k8s.io/scraper'],
    ['clusterrolebinding all --clusterrole=view --group=team', 'clusterrolebinding.rbac.authorization.k8s.io/all'],
    ['pdb web --selector=app=web --min-available=50%', 'poddisruptionbudget.policy/web'],
    ['quota small --hard=pods=10,cpu=4', 'resourcequota/small'],
    ['priorityclass high --value=1000', 'priorityclass.scheduling.k8s.io/high'],
    ['job once --image=busybox -- echo done', 'job.batch/once'],
  ];
  for (const [line, label] of lines) {
    it(`creates a ${line}`, async () => {
      const words = line.split(' ').map((word) => word.replace('0,3,*,*,*', '0 3 * * *'));
      assert.equal(
        await plane.ok(['create', ...words.slice(0, 3), '--dry-run=client', ...words.slice(3)]),
        `${label} created (dry run)`,
      );
      assert.equal(await plane.ok(['create', ...words]), `${label} created`);
      assert.match(
        await plane.ok(['get', label.replace(/^(\w+)[.\w]*\//, '$1/'), '-o', 'name']),
        new RegExp(`^${label}$`),
      );
    });
  }

  it('labels, selects and names as kubectl does', async () => {
    const { metadata, spec } = await make('deployment web --image=registry:5/team/app_a@sha256:12 -- sleep 1');
    const template = {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app-a', image: 'registry:5/team/app_a@sha256:12', command: ['sleep', '1'] }] },
    };
    assert.deepEqual(metadata, { name: 'web', labels: { app: 'web' } });
    assert.deepEqual(spec, { replicas: 1, selector: { matchLabels: { app: 'web' } }, template });
    const service = await make('-n shop service clusterip web --tcp=80:http --tcp=81');
    assert.deepEqual(service['spec'], {
      type: 'ClusterIP',
      selector: { app: 'web' },
      ports: [
        { name: '80-http', port: 80, protocol: 'TCP', targetPort: 'http' },
        { name: '81', port: 81, protocol: 'TCP', targetPort: 81 },
      ],
    });
  });

  it('reads values from words, files, directories and lines of an environment', async () => {
    const file = await plane.file('app.conf', 'colour = blue\n');
    const binary = await plane.file('picture', Buffer.from([0xff, 0xfe]));
    const env = await plane.file('vars', '# comment\n\nA=1\nB="two words"\nHERE\n');
    const words = [
      '--from-literal=x=a=b',
      `--from-file=${file}`,
      `--from-file=pic=${binary}`,
      `--from-env-file=${env}`,
    ];
    const made = await plane.ok(['create', 'cm', 'm', ...words, '--dry-run=client', '-o', 'json'], {
      env: { HERE: 'yes' },
    });
    const { data, binaryData } = JSON.parse(made) as Made;
    assert.deepEqual(data, { x: 'a=b', 'app.conf': 'colour = blue\n', A: '1', B: '"two words"', HERE: 'yes' });
    assert.deepEqual(binaryData, { pic: '//4=' });
    const secret = await make('secret generic s --type=my/type --from-literal=p=secret');
    assert.deepEqual([secret['type'], secret['data']], ['my/type', { p: 'c2VjcmV0' }]);
    const { data: login } = await make(
      'secret docker-registry r --docker-server=reg --docker-username=u --docker-password=p',
    );
    const config = Buffer.from((login as Record<string, string>)['.dockerconfigjson'] ?? '', 'base64').toString();
    assert.deepEqual(JSON.parse(config), { auths: { reg: { username: 'u', password: 'p', auth: 'dTpw' } } });
    assert.match(await plane.fails('create cm m --from-literal=a=1 --from-literal=a=2', 2), /another key by that name/);
    assert.match(await plane.fails('create cm m --from-file=/nowhere', 2), /cannot read \/nowhere/);
    assert.match(await plane.fails('create cm m --from-literal=a', 2), /expected key=value/);
  });

  it('groups rules by API, and knows kinds by every name', async () => {
    const { rules } = await make(
      'role r --verb=get,list --verb=patch --resource=po,deploy/scale,services --resource-name=web',
    );
    const [verbs, resourceNames] = [['get', 'list', 'patch'], ['web']];
    assert.deepEqual(rules, [
      { verbs, apiGroups: [''], resources: ['pods', 'services'], resourceNames },
      { verbs, apiGroups: ['apps'], resources: ['deployments/scale'], resourceNames },
    ]);
    const { subjects, roleRef } = await make(
      'rolebinding b --clusterrole=view --serviceaccount=shop:robot --group=team',
    );
    const apiGroup = 'rbac.authorization.k8s.io';
    assert.deepEqual(subjects, [
      { apiGroup, kind: 'Group', name: 'team' },
      { kind: 'ServiceAccount', namespace: 'shop', name: 'robot' },
    ]);
    assert.deepEqual(roleRef, { apiGroup, kind: 'ClusterRole', name: 'view' });
    assert.match(await plane.fails('create role r --verb=get --resource=nothings', 2), /no resource type "nothings"/);
    assert.match(await plane.fails('create rolebinding b --user=anna', 2), /exactly one of --role or --clusterrole/);
  });

  it('writes the rules of an ingress', async () => {
    const { spec } = await make(
      "ingress i --rule='a.example.com/api*=api:8080,tls=cert' --rule=a.example.com/=web:http --class=c",
    );
    const backend = (name: string, port: object): object => ({ service: { name, port } });
    assert.deepEqual(spec, {
      ingressClassName: 'c',
      rules: [
        {
          host: 'a.example.com',
          http: {
            paths: [
              { path: '/api', pathType: 'Prefix', backend: backend('api', { number: 8080 }) },
              { path: '/', pathType: 'Exact', backend: backend('web', { name: 'http' }) },
            ],
          },
        },
      ],
      tls: [{ hosts: ['a.example.com'], secretName: 'cert' }],
    });
    assert.match(await plane.fails('create ingress i --rule=web:80', 2), /should be in format host\/path=/);
  });

  it('runs a CronJob now', async () => {
    await plane.ok(['create', 'cronjob', 'often', '--image=busybox', '--schedule=*/5 * * * *', '--', 'date']);
    assert.equal(await plane.ok('create job now --from=cronjob/often'), 'job.batch/now created');
    const job = JSON.parse(await plane.ok('get job now -o json')) as {
      metadata: { annotations: object; ownerReferences: { name: string }[] };
    };
    assert.deepEqual(
      job.metadata.ownerReferences.map(({ name }) => name),
      ['often'],
    );
    assert.equal(await plane.ok("get job now -o 'jsonpath={.spec.template.spec.containers[0].command}'"), '["date"]');
    assert.match(await plane.fails('create job x', 2), /either --image or --from/);
  });

  it('prints a token that lets in as the account', async () => {
    await plane.ok('create sa visitor');
    const token = await plane.ok('create token visitor --duration=1h');
    const [, claims = ''] = token.split('.');
    const { sub, exp, iat } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
    assert.deepEqual([sub, Number(exp) - Number(iat)], ['system:serviceaccount:default:visitor', 3600]);
    assert.match(await plane.fails('create token nobody', 1), /serviceaccounts "nobody" not found/);
  });

  it('leaves what it has created to apply', async () => {
    await plane.ok('create configmap mine --from-literal=a=1');
    const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine}\ndata: {a: "2"}\n';
    assert.equal(await plane.ok('apply -f -', { stdin: map }), 'configmap/mine configured');
  });
});
