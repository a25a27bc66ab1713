import type { Service } from '../types.ts';

/** Fills in a Service. */
export function defaultService({ spec }: Service): void {
  if (!spec) return;
  spec.type ||= 'ClusterIP';
  spec.sessionAffinity ||= 'None';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    port.targetPort ??= port.port;
  }
}
