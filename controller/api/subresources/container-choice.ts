import { ApiError } from '../../../shared/errors.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';

/** The container that a log or exec request means. Throws BadRequest when it names none of the pod, or none and there are several. */
export function chooseContainer({ metadata, spec }: Stored<Pod>, wanted: string | null): string {
  const main = (spec?.containers ?? []).map(({ name }) => name);
  const init = (spec?.initContainers ?? []).map(({ name }) => name);
  if (wanted !== null && wanted !== '') {
    const debug = (spec?.ephemeralContainers ?? []).map(({ name }) => name);
    if ([...main, ...init, ...debug].includes(wanted)) return wanted;
    throw new ApiError('BadRequest', `container ${wanted} is not valid for pod ${metadata.name}`);
  }
  const [only] = main;
  if (only !== undefined && main.length === 1) return only;
  const more = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  const choice = `choose one of: [${main.join(' ')}]${more}`;
  throw new ApiError('BadRequest', `a container name must be specified for pod ${metadata.name}, ${choice}`);
}
