import assert from 'node:assert/strict';
import { ApiHarness } from './harness.ts';
import { Kubectl, needsKubectl } from './kubectl.ts';

/** Every way that kubectl has to make an object from flags alone. */
const commands: readonly string[] = [
  'create deployment web --image=web:1 --port=80',
  'create job once --image=once:1 -- true',
  `create cronjob often --image=often:1 '--schedule=*/5 * * * *' -- true`,
  'create job again --from=cronjob/often',
  'create configmap settings --from-literal=a=b',
  'create secret generic key --from-literal=a=b',
  'create secret docker-registry login --docker-server=r.example --docker-username=u --docker-password=p',
  'create namespace team',
  'create serviceaccount robot',
  'create service clusterip inside --tcp=80:8080',
  'create service clusterip headless --clusterip=None',
  'create service nodeport nodes --tcp=80 --node-port=30080',
  'create service loadbalancer outside --tcp=443:8443',
  'create service externalname away --external-name=db.example.com',
  'expose deployment web --name=exposed --port=80 --target-port=8080',
  'create ingress site --rule=site.example/*=inside:80,tls=cert --class=any --default-backend=inside:80',
  'create poddisruptionbudget half --selector=app=web --min-available=50%',
  'create priorityclass high --value=1000 --preemption-policy=Never',
  'create quota small --hard=cpu=1,memory=1Gi,pods=2,count/jobs.batch=3 --scopes=NotBestEffort',
  'create role reader --verb=get,list --resource=pods,deployments.apps --resource-name=web',
  'create clusterrole prober --verb=get --non-resource-url=/metrics,/healthz/*',
  'create clusterrole sum --aggregation-rule=app=web',
  'create rolebinding read --role=reader --user=me@example.com --serviceaccount=default:robot --group=all',
  'create clusterrolebinding probe --clusterrole=prober --group=system:probers',
  'autoscale deployment web --min=1 --max=3 --cpu-percent=80',
  'run single --image=single:1 --port=80 --expose',
];

describe('what kubectl makes from flags', function () {
  this.timeout(120_000);
  let api: ApiHarness;
  let kubectl: Kubectl;

  before(async function () {
    needsKubectl(this);
    api = await ApiHarness.start();
    kubectl = await Kubectl.for(api);
  });
  after(() => api?.stop());

  for (const command of commands) {
    it(`takes: kubectl ${command}`, async () => {
      const said = await kubectl.ok(command);
      assert.match(said, /created|exposed|autoscaled/);
      const [name = ''] = said.split(' ');
      const manifest = await kubectl.ok(`get ${name} -o yaml`);
      assert.match(await kubectl.ok('replace -f -', { stdin: manifest }), /replaced$/);
    });
  }
});
