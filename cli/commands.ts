import type { Command } from 'commander';

type Load = () => Promise<Command>;

/** All commands by the heading of their group. Each is loaded when it is needed: most calls need one. */
export const commandGroups: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  'This machine:': {
    quickstart: async () => (await import('./machine/quickstart.ts')).quickstartCommand(),
    up: async () => (await import('./machine/up.ts')).upCommand(),
    down: async () => (await import('./machine/down.ts')).downCommand(),
    controller: async () => (await import('./machine/controller.ts')).controllerCommand(),
    agent: async () => (await import('./machine/agent.ts')).agentCommand(),
    token: async () => (await import('./machine/token.ts')).tokenCommand(),
    image: async () => (await import('./machine/image.ts')).imageCommand(),
  },
  'See:': {
    get: async () => (await import('./show/get.ts')).getCommand(),
    describe: async () => (await import('./show/describe.ts')).describeCommand(),
    events: async () => (await import('./show/events.ts')).eventsCommand(),
    top: async () => (await import('./show/top.ts')).topCommand(),
    status: async () => (await import('./show/status.ts')).statusCommand(),
    wait: async () => (await import('./show/wait.ts')).waitCommand(),
  },
  'Change:': {
    apply: async () => (await import('./change/apply.ts')).applyCommand(),
    create: async () => (await import('./create/create.ts')).createCommand(),
    diff: async () => (await import('./change/diff.ts')).diffCommand(),
    replace: async () => (await import('./change/replace.ts')).replaceCommand(),
    patch: async () => (await import('./change/patch.ts')).patchCommand(),
    edit: async () => (await import('./change/edit.ts')).editCommand(),
    set: async () => (await import('./change/set.ts')).setCommand(),
    delete: async () => (await import('./change/delete.ts')).deleteCommand(),
    run: async () => (await import('./pods/run.ts')).runCommand(),
    expose: async () => (await import('./change/expose.ts')).exposeCommand(),
    autoscale: async () => (await import('./change/autoscale.ts')).autoscaleCommand(),
    scale: async () => (await import('./change/scale.ts')).scaleCommand(),
    rollout: async () => (await import('./change/rollout.ts')).rolloutCommand(),
    label: async () => (await import('./change/label.ts')).labelCommand(),
    annotate: async () => (await import('./change/label.ts')).annotateCommand(),
  },
  'Nodes:': {
    cordon: async () => (await import('./nodes/cordon.ts')).cordonCommand(),
    uncordon: async () => (await import('./nodes/cordon.ts')).uncordonCommand(),
    drain: async () => (await import('./nodes/drain.ts')).drainCommand(),
    taint: async () => (await import('./nodes/taint.ts')).taintCommand(),
  },
  'The API:': {
    auth: async () => (await import('./api/auth.ts')).authCommand(),
    explain: async () => (await import('./api/explain.ts')).explainCommand(),
    'api-resources': async () => (await import('./api/api-resources.ts')).apiResourcesCommand(),
    'api-versions': async () => (await import('./api/api-resources.ts')).apiVersionsCommand(),
    config: async () => (await import('./config/config.ts')).configCommand(),
    'cluster-info': async () => (await import('./api/cluster-info.ts')).clusterInfoCommand(),
    version: async () => (await import('./api/version.ts')).versionCommand(),
    completion: async () => (await import('./completion.ts')).completionCommand(),
  },
  'Inside pods:': {
    logs: async () => (await import('./pods/logs.ts')).logsCommand(),
    exec: async () => (await import('./pods/exec.ts')).execCommand(),
    attach: async () => (await import('./pods/attach.ts')).attachCommand(),
    debug: async () => (await import('./pods/debug.ts')).debugCommand(),
    cp: async () => (await import('./pods/cp.ts')).cpCommand(),
    'port-forward': async () => (await import('./pods/port-forward.ts')).portForwardCommand(),
  },
};
