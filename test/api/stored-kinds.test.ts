import assert from 'node:assert/strict';
import { ApiHarness } from './harness.ts';
import { Kubectl, needsKubectl, normalise } from './kubectl.ts';

/** What a small application brings beside its Deployments. */
const application = `
apiVersion: v1
kind: Service
metadata: {name: store, labels: {app: shop}}
spec:
  selector: {app: store}
  ports: [{name: tcp, port: 6379}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: records, labels: {app: shop}}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store, labels: {app: shop}}
spec:
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: main, image: "store:1"}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, labels: {app: shop}}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: OnFailure, containers: [{name: main, image: "backup:1"}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, labels: {app: shop}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 4
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, labels: {app: shop}}
spec:
  rules:
  - host: shop.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
`;

describe('kinds that are stored only, with the real kubectl', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  let kubectl: Kubectl;

  before(async function () {
    needsKubectl(this);
    api = await ApiHarness.start();
    kubectl = await Kubectl.for(api);
  });
  after(() => api?.stop());

  it('apply with a warning, show no difference, stay unchanged, and go', async () => {
    const file = { stdin: application };
    const first = await kubectl.run(['apply', '-f', '-'], file);
    assert.equal(first.code, 0, first.stderr);
    assert.equal(first.stdout.match(/ created/g)?.length, 6);
    assert.match(first.stderr, /Warning: StatefulSet: stored, not enforced by this version/);
    assert.equal((await kubectl.run(['diff', '-f', '-'], file)).code, 0);
    assert.equal((await kubectl.ok('apply -f -', file)).match(/ unchanged/g)?.length, 6);
    assert.match(
      await kubectl.ok('get all -o name'),
      /service\/store\n.*statefulset.apps\/store\ncronjob.batch\/backup/s,
    );
    assert.equal((await kubectl.ok('delete -f -', file)).match(/ deleted/g)?.length, 6);
  });

  it('are made by the create commands, whose bodies are protobuf', async () => {
    for (const line of [
      'service clusterip web --tcp=80:8080',
      'job once --image=hello:1',
      'cronjob daily --image=hello:1 --schedule=@daily',
      'ingress web --rule=shop.example/*=web:80',
      'poddisruptionbudget web --selector=app=web --min-available=1',
      'quota small --hard=cpu=1,pods=2',
      'role reader --verb=get --resource=pods',
      'rolebinding readers --role=reader --user=ann',
      'priorityclass high --value=1000',
    ]) {
      assert.match(await kubectl.ok(`create ${line}`), / created/, line);
    }
    assert.equal(await kubectl.ok('get svc web -o jsonpath={.spec.ports[0].targetPort}'), '8080');
    assert.equal(await kubectl.ok('get pdb web -o jsonpath={.spec.minAvailable}'), '1');
  });

  it('are printed with the columns that kubectl users know', async () => {
    const get = async (line: string): Promise<string> => normalise(await kubectl.ok(`get ${line}`));
    assert.match(
      await get('svc web'),
      /^NAME TYPE CLUSTER-IP EXTERNAL-IP PORT\(S\) AGE\nweb ClusterIP \S+ <none> 80\/TCP AGE$/,
    );
    assert.equal(await get('job once --no-headers'), 'once Running 0/1 AGE');
    assert.equal(await get('cronjob daily --no-headers'), 'daily @daily <none> False 0 <none> AGE');
    assert.equal(await get('ingress web --no-headers'), 'web <none> shop.example 80 AGE');
    assert.equal(await get('pdb web --no-headers'), 'web 1 N/A 0 AGE');
    assert.match(await get('role reader --no-headers'), /^reader \d{4}-\S+Z$/);
    assert.equal(await get('rolebinding readers -o wide --no-headers'), 'readers Role/reader AGE ann');
    assert.equal(await get('pc high --no-headers'), 'high 1000 false AGE');
    assert.match(await get('quota'), /^NAME REQUEST LIMIT AGE\nsmall/);
  });

  it('let apply --prune list what it may remove', async () => {
    const map = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, labels: {set: a}}\n';
    await kubectl.ok('apply -f -', { stdin: map.replace('kept', 'dropped') });
    const pruned = await kubectl.ok('apply --prune -l set=a -f -', { stdin: map });
    assert.match(pruned, /configmap\/kept created\nconfigmap\/dropped pruned/);
  });
});
