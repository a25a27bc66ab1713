import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { writeAdminKubeconfig } from '../../../controller/certificates/admin.ts';
import type { ApiHarness } from '../harness.ts';

/** A second kubeconfig, of whoever has this token. */
export async function limitedKubeconfig(api: ApiHarness, token: string): Promise<string> {
  const path = join(api.directory, `${randomUUID()}.kubeconfig`);
  await writeAdminKubeconfig(path, { server: api.url, authority: api.pki.authority, token });
  return path;
}
