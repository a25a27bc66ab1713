import type { Theme } from './step.ts';

/** Workloads from their first rollout to their end. */
export const workloadSteps: Theme = ({ image }) => [
  { run: 'apply -f -', stdin: web(image), out: 'deployment.apps/web created' },
  { run: 'rollout status deployment/web --timeout=60s', out: /deployment "web" successfully rolled out/ },
  { run: 'wait pods -l app=web --for=condition=Ready --timeout=60s', out: /condition met[^]*condition met/ },
  { run: 'get deployment web', out: 'NAME READY UP-TO-DATE AVAILABLE AGE\nweb 2/2 2 2 AGE' },
  { run: 'get deployment web -o wide', out: new RegExp(`^web 2/2 2 2 AGE main ${image} app=web$`, 'm') },
  { run: 'get rs -l app=web', out: /^web-\w+ 2 2 2 AGE$/m },
  { run: 'get pods -l app=web', out: /^web-\w+-\w{5} 1\/1 Running 0 AGE$/m },
  { run: 'get pods -l app=web -o wide', out: /READINESS GATES/ },
  { run: 'describe deployment web', out: /NewReplicaSet: +web-\w+ \(2\/2 replicas created\)/ },
  { run: 'describe rs -l app=web', out: /2 current \/ 2 desired/ },
  { run: 'describe pod -l app=web', out: /Started container main/ },
  { run: 'get all', out: /deployment.apps\/web/ },
  { run: 'events --for deployment/web', out: /ScalingReplicaSet/ },
  { run: 'get events --field-selector involvedObject.kind=Deployment', out: /Scaled up replica set/ },
  { run: 'rollout history deployment/web', out: /^1 +<none>$/m },
  { run: `set env deployment/web STAGE=two`, out: 'deployment.apps/web env updated' },
  { run: 'rollout status deployment/web --timeout=60s', out: /successfully rolled out/ },
  { run: 'rollout history deployment/web --revision=2', out: /STAGE:\s+two/ },
  { run: 'rollout undo deployment/web', out: 'deployment.apps/web rolled back' },
  { run: 'rollout status deployment/web --timeout=60s', out: /successfully rolled out/ },
  { run: 'get deployment web -o jsonpath={.spec.template.spec.containers[0].env}', out: '' },
  { run: 'rollout pause deployment/web', out: 'deployment.apps/web paused' },
  { run: 'set resources deployment/web --limits=memory=64Mi', out: /resource requirements updated/ },
  { run: 'rollout resume deployment/web', out: 'deployment.apps/web resumed' },
  { run: 'rollout restart deployment/web', out: 'deployment.apps/web restarted' },
  { run: 'rollout status deployment/web --timeout=60s', out: /successfully rolled out/ },
  { run: 'rollout undo deployment/web --to-revision=2', out: 'deployment.apps/web rolled back' },
  { run: 'rollout status deployment/web --timeout=60s', out: /successfully rolled out/ },
  { run: 'get deployment web -o jsonpath={.spec.template.spec.containers[0].env[0].value}', out: 'two' },
  { run: 'rollout undo deployment/web --to-revision=99', code: 1, err: /unable to find specified revision 99/ },
  { run: 'get deployment web --subresource=scale', out: 'NAME DESIRED AVAILABLE AGE\nweb 2 2 AGE' },
  { run: 'scale deployment/web --replicas=3', out: 'deployment.apps/web scaled' },
  { run: 'scale deployment/web --current-replicas=7 --replicas=1', code: 1, err: /expected|precondition/i },
  { run: 'wait deployment/web --for=jsonpath={.status.readyReplicas}=3 --timeout=60s', out: /condition met/ },
  { run: 'scale deployment/web --current-replicas=3 --replicas=1', out: 'deployment.apps/web scaled' },
  { run: 'expose deployment web --port=80 --target-port=8080', out: 'service/web exposed' },
  { run: 'get svc web -o jsonpath={.spec.selector}', out: '{"app":"web"}' },
  { run: 'set image deployment/web main=nothing.invalid/none:1', out: 'deployment.apps/web image updated' },
  { run: 'rollout status deployment/web --timeout=2s', code: 1, err: /timed out/ },
  { run: 'rollout undo deployment/web', out: /rolled back/ },
  { run: 'rollout status deployment/web --timeout=60s', out: /successfully rolled out/ },
  { run: 'get rc,sts,ds,deploy -o name', out: 'deployment.apps/web' },
  { run: 'apply -f -', stdin: controller(image), out: 'replicationcontroller/old created' },
  { run: 'wait rc/old --for=jsonpath={.status.readyReplicas}=1 --timeout=60s', out: /condition met/ },
  { run: 'get rc old', out: 'NAME DESIRED CURRENT READY AGE\nold 1 1 1 AGE' },
  { run: 'scale rc/old --replicas=0', out: 'replicationcontroller/old scaled' },
  { run: 'delete rc old', out: 'replicationcontroller "old" deleted' },
  { run: 'delete deployment web --cascade=orphan', out: 'deployment.apps "web" deleted' },
  { run: 'get rs -l app=web -o name', out: /^replicaset.apps\/web-/ },
  { run: 'delete rs,pods,svc -l app=web --grace-period=1', out: /replicaset.apps "web-/ },
  { run: 'delete svc web --ignore-not-found', code: 0 },
];

function template(image: string, app: string): string {
  return `
      metadata: {labels: {app: ${app}}}
      spec:
        terminationGracePeriodSeconds: 1
        containers: [{name: main, image: ${image}, command: [sleep, "100000"]}]`;
}

function web(image: string): string {
  return `
  apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, labels: {app: web}}
  spec:
    replicas: 2
    selector: {matchLabels: {app: web}}
    template: ${template(image, 'web')}
`;
}

function controller(image: string): string {
  return `
  apiVersion: v1
  kind: ReplicationController
  metadata: {name: old}
  spec:
    replicas: 1
    selector: {app: old}
    template: ${template(image, 'old')}
`;
}
