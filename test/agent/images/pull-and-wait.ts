import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';
import { OciImageStore } from '../../../agent/images/oci-image-store.ts';

/** A process of its own that pulls, to be killed in the middle of it: arguments are the directory and the name. */
const [directory = '', reference = ''] = process.argv.slice(2);
const store = new OciImageStore({ directory, clock: systemClock, log: silentLogger });
await store.open();
const { id } = await store.pull(reference);
process.stdout.write(id);
