import type { ContainerRecord } from './records.ts';
import type { OciSpec } from './spec/oci-spec.ts';

const annotation = 'berth.container';

/** The config.json of a container, with what it takes to know it again when its record is lost. */
export function identified(spec: OciSpec, record: ContainerRecord): OciSpec {
  return { ...spec, annotations: { [annotation]: JSON.stringify(record) } };
}

/** What `identified` wrote; {} in what an earlier version made. Throws for what is not JSON. */
export function recordIn(configJson: string): Partial<ContainerRecord> {
  const { annotations } = JSON.parse(configJson) as OciSpec;
  return JSON.parse(annotations?.[annotation] ?? '{}') as Partial<ContainerRecord>;
}
