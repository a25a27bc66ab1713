import type { Container, Pod, PodSpec, Stored } from '../../shared/objects/types.ts';
import type { NewObject } from '../create/creating.ts';
import { parsePair } from '../key-values.ts';
import { UsageError } from '../usage.ts';
import { debugContainer, debugContainerName, type DebugOptions } from './debug-container.ts';
import { containersNamed } from './pod-template.ts';

interface Copy {
  pod: NewObject;
  /** What is debugged; undefined when only images differ. */
  container?: string;
}

/**
 * A copy of a pod for `--copy-to`: with one container more, or one that runs something else, or other images. It leaves
 * the labels behind, so that neither services nor controllers take it for one of theirs, and is scheduled anew.
 */
export function copyPod(pod: Stored<Pod>, copyTo: string, words: string[], options: DebugOptions): Copy {
  const { ephemeralContainers: _left, nodeName, ...spec } = structuredClone(pod.spec) ?? { containers: [] };
  if (options.sameNode === true) Object.assign(spec, { nodeName });
  for (const [name, image] of (options.setImage ?? []).map(parsePair)) {
    for (const { container } of containersNamed(spec, name)) container.image = image;
  }
  const container = changeContainer(spec, words, options);
  if (container !== undefined) applyFlags(spec, options);
  const keepsAnnotations = container === undefined || options.profile === 'legacy' || options.keepAnnotations === true;
  const metadata = {
    name: copyTo,
    namespace: pod.metadata.namespace,
    ...(options.keepLabels === true && { labels: pod.metadata.labels }),
    ...(keepsAnnotations && { annotations: pod.metadata.annotations }),
  };
  return { pod: { apiVersion: 'v1', kind: 'Pod', metadata, spec }, ...(container !== undefined && { container }) };
}

/** Changes the named container, or adds one; its name, or undefined when there are only images to set. */
function changeContainer(spec: PodSpec, words: string[], options: DebugOptions): string | undefined {
  const at = spec.containers.findIndex(({ name }) => name === options.container);
  const before = spec.containers[at];
  if (before !== undefined) {
    spec.containers[at] = debugContainer(before, words, options);
    return before.name;
  }
  if (options.image === undefined) {
    if (options.setImage !== undefined && words.length === 0) return undefined;
    throw new UsageError('you must specify --image when creating a new container');
  }
  const added: Container = debugContainer({ name: debugContainerName(options) }, words, options);
  spec.containers.push(added);
  return added.name;
}

/** What of the pod is not wanted in a copy that somebody looks into: probes would end it, unless they are kept. */
function applyFlags(spec: PodSpec, options: DebugOptions): void {
  const { profile, shareProcesses } = options;
  const isLegacy = profile === 'legacy';
  if (shareProcesses !== undefined) spec.shareProcessNamespace = shareProcesses;
  else if (!isLegacy) spec.shareProcessNamespace ??= true;
  if (options.keepInitContainers === false) delete spec.initContainers;
  if (isLegacy) return;
  for (const container of spec.containers) {
    if (options.keepLiveness !== true) delete container.livenessProbe;
    if (options.keepReadiness !== true) delete container.readinessProbe;
    if (options.keepStartup !== true) delete container.startupProbe;
  }
}
