import type { Command } from 'commander';

type Load = () => Promise<Command>;

/** All commands by the heading of their group. Each is loaded when it is needed: most calls need one. */
export const commandGroups: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  'This machine:': {
    quickstart: async () => (await import('./quickstart.ts')).quickstartCommand(),
    up: async () => (await import('./up.ts')).upCommand(),
    down: async () => (await import('./down.ts')).downCommand(),
    controller: async () => (await import('./controller.ts')).controllerCommand(),
    agent: async () => (await import('./agent.ts')).agentCommand(),
    token: async () => (await import('./token.ts')).tokenCommand(),
    image: async () => (await import('./image.ts')).imageCommand(),
  },
  'See:': {
    get: async () => (await import('./get.ts')).getCommand(),
    describe: async () => (await import('./describe.ts')).describeCommand(),
    events: async () => (await import('./events.ts')).eventsCommand(),
    top: async () => (await import('./top.ts')).topCommand(),
    status: async () => (await import('./status.ts')).statusCommand(),
    wait: async () => (await import('./wait.ts')).waitCommand(),
  },
  'Change:': {
    apply: async () => (await import('./apply.ts')).applyCommand(),
    create: async () => (await import('./create.ts')).createCommand(),
    diff: async () => (await import('./diff.ts')).diffCommand(),
    replace: async () => (await import('./replace.ts')).replaceCommand(),
    patch: async () => (await import('./patch.ts')).patchCommand(),
    edit: async () => (await import('./edit.ts')).editCommand(),
    set: async () => (await import('./set.ts')).setCommand(),
    delete: async () => (await import('./delete.ts')).deleteCommand(),
    run: async () => (await import('./run.ts')).runCommand(),
    expose: async () => (await import('./expose.ts')).exposeCommand(),
    autoscale: async () => (await import('./autoscale.ts')).autoscaleCommand(),
    scale: async () => (await import('./scale.ts')).scaleCommand(),
    rollout: async () => (await import('./rollout.ts')).rolloutCommand(),
    label: async () => (await import('./label.ts')).labelCommand(),
    annotate: async () => (await import('./label.ts')).annotateCommand(),
  },
  'Nodes:': {
    cordon: async () => (await import('./cordon.ts')).cordonCommand(),
    uncordon: async () => (await import('./cordon.ts')).uncordonCommand(),
    drain: async () => (await import('./drain.ts')).drainCommand(),
    taint: async () => (await import('./taint.ts')).taintCommand(),
  },
  'The API:': {
    auth: async () => (await import('./auth.ts')).authCommand(),
    explain: async () => (await import('./explain.ts')).explainCommand(),
    'api-resources': async () => (await import('./api-resources.ts')).apiResourcesCommand(),
    'api-versions': async () => (await import('./api-resources.ts')).apiVersionsCommand(),
    'cluster-info': async () => (await import('./cluster-info.ts')).clusterInfoCommand(),
    version: async () => (await import('./version.ts')).versionCommand(),
    completion: async () => (await import('./completion.ts')).completionCommand(),
  },
  'Inside pods:': {
    logs: async () => (await import('./logs.ts')).logsCommand(),
    exec: async () => (await import('./exec.ts')).execCommand(),
    attach: async () => (await import('./attach.ts')).attachCommand(),
    debug: async () => (await import('./debug.ts')).debugCommand(),
    cp: async () => (await import('./cp.ts')).cpCommand(),
    'port-forward': async () => (await import('./port-forward.ts')).portForwardCommand(),
  },
};
