import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Kubectl, needsKubectl } from '../api/kubectl.ts';
import { needsRoot } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady } from './cluster.ts';
import { idle, shellPod, toolsImage } from './shell-pods.ts';

const repository = join(import.meta.dirname, '../..');

/** What a program in a pod does that knows nothing of Berth. */
const listPods = `
  const { CoreV1Api, KubeConfig } = require('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromCluster();
  config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace: 'default' }).then(
    ({ items }) => console.log(process.env.KUBERNETES_SERVICE_HOST, items.map(({ metadata }) => metadata.name).join()),
    (error) => console.log('failed', error),
  );
`;

const folder = '/var/run/secrets/kubernetes.io/serviceaccount';

describe('tokens in pods', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;

  before(async function () {
    needsRoot(this);
    needsKubectl(this);
    cluster = await Cluster.create();
    await cluster.importImage(toolsImage);
    await cluster.up();
    kubectl = await cluster.kubectl();
  });
  after(() => cluster?.destroy());
  afterEach(function () {
    cluster.explain(this.currentTest);
  });

  const read = (pod: string, file: string): Promise<string> => kubectl.ok(`exec ${pod} -- cat ${folder}/${file}`);

  it('are mounted with the certificate and the namespace, and prove the account to the API', async () => {
    await cluster.create(shellPod('reader', idle));
    await cluster.untilPod('reader', 'runs', isReady);
    const [token, certificate, namespace] = await Promise.all(
      ['token', 'ca.crt', 'namespace'].map((file) => read('reader', file)),
    );
    assert.equal(namespace, 'default');
    assert.match(certificate ?? '', /^-----BEGIN CERTIFICATE-----/);
    const who = await kubectl.ok(`auth whoami --token=${token} -o jsonpath={.status.userInfo.username}`);
    assert.equal(who, 'system:serviceaccount:default:default');
    assert.match(
      await kubectl.fails(`get pods --token=${token}`),
      /User "system:serviceaccount:default:default" cannot/,
    );
    await kubectl.ok('create rolebinding readers --clusterrole=view --serviceaccount=default:default');
    assert.match(await kubectl.ok(`get pods --token=${token}`), /reader/);
    await kubectl.ok('delete pod reader');
    assert.match(await kubectl.fails(`get pods --token=${token}`), /You must be logged in/);
  });

  it('and variables lead unmodified clients in pods to the API, in the network of the pod or of the host', async () => {
    await kubectl.ok('create serviceaccount client');
    await kubectl.ok('create rolebinding clients --clusterrole=view --serviceaccount=default:client');
    for (const hostNetwork of [false, true]) {
      const name = hostNetwork ? 'on-host' : 'in-pod';
      const pod = shellPod(name, `exec ${process.execPath} -e "$SCRIPT"`, { hostNetwork, restartPolicy: 'Never' });
      const seen = ['/usr/lib', '/usr/lib64', repository];
      const [main] = pod.spec?.containers ?? [];
      Object.assign(main ?? {}, {
        workingDir: repository,
        env: [{ name: 'SCRIPT', value: listPods }],
        volumeMounts: seen.map((path, at) => ({ name: `v${at}`, mountPath: path.replace('/usr/', '/') })),
      });
      Object.assign(pod.spec ?? {}, {
        serviceAccountName: 'client',
        volumes: seen.map((path, at) => ({ name: `v${at}`, hostPath: { path } })),
      });
      await cluster.create(pod);
      await cluster.untilPod(name, 'has ended', ({ status }) => /Succeeded|Failed/.test(status?.phase ?? ''));
      assert.match(
        await kubectl.ok(`logs ${name}`),
        new RegExp(`^${hostNetwork ? '127.0.0.1' : '10.96.0.1'}.*${name}`),
      );
    }
  });

  it('come in Secrets for programs outside, until the account goes', async () => {
    await kubectl.ok('create serviceaccount robot');
    await kubectl.ok('apply -f -', {
      stdin: `
apiVersion: v1
kind: Secret
metadata: {name: robot, annotations: {kubernetes.io/service-account.name: robot}}
type: kubernetes.io/service-account-token
`,
    });
    await kubectl.ok('wait secret/robot --for=jsonpath={.data.token} --timeout=30s');
    const encoded = await kubectl.ok('get secret robot -o jsonpath={.data.token}');
    const token = Buffer.from(encoded, 'base64').toString();
    const who = await kubectl.ok(`auth whoami --token=${token} -o jsonpath={.status.userInfo.username}`);
    assert.equal(who, 'system:serviceaccount:default:robot');
    await kubectl.ok('delete serviceaccount robot');
    assert.match(await kubectl.fails(`auth whoami --token=${token}`), /You must be logged in/);
    await kubectl.ok('wait secret/robot --for=delete --timeout=30s');
  });

  it('are not given to pods that want none, and are good beyond the life of a controller', async () => {
    await cluster.create(shellPod('without', idle, { automountServiceAccountToken: false }));
    await cluster.create(shellPod('with', idle));
    await cluster.untilPod('without', 'runs', isReady);
    await cluster.untilPod('with', 'runs', isReady);
    await kubectl.fails(`exec without -- ls ${folder}`);
    const killed = await cluster.kill('controller');
    await cluster.untilBack('controller', killed);
    await until(async () => (await kubectl.run(['get', '--raw', '/readyz'])).code === 0, 'the API answers');
    const token = await read('with', 'token');
    assert.match(await kubectl.ok(`auth whoami --token=${token}`), /system:serviceaccount:default:default/);
  });
});
