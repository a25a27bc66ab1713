import type { Container, Deployment, KubeObject, Pod, PodSpec } from '../../shared/objects/types.ts';

export const toolsImage = 'tools:1';

/** A container of the BusyBox image that runs a script. */
export function shellContainer(script: string, changes: Partial<Container> = {}): Container {
  return { name: 'main', image: toolsImage, command: ['sh', '-c', script], ...changes };
}

/** A pod with one such container; it needs no time to stop. */
export function shellPod(
  name: string,
  script: string,
  spec: Partial<PodSpec> = {},
  container: Partial<Container> = {},
): KubeObject & Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 0, containers: [shellContainer(script, container)], ...spec },
  };
}

/** A deployment of them. */
export function shellDeployment(
  name: string,
  replicas: number,
  script: string,
  container: Partial<Container> = {},
): KubeObject & Deployment {
  const labels = { app: name };
  const spec = { terminationGracePeriodSeconds: 0, containers: [shellContainer(script, container)] };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

/** A script that does nothing until it is killed. */
export const idle = 'exec sleep 100000';
