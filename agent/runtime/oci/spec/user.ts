import { ApiError } from '../../../../shared/errors.ts';
import type { ContainerSecurity } from '../../driver.ts';
import { readInside } from './inside-root.ts';
import type { OciUser } from './oci-spec.ts';

interface Account {
  name: string;
  uid: number;
  gid: number;
}

interface Group {
  name: string;
  gid: number;
  members: string[];
}

/** Numbers for the user a container runs as: what its spec says, else what the image says, names read in its root. */
export async function resolveUser(rootfs: string, imageUser: string, security: ContainerSecurity): Promise<OciUser> {
  const [accounts, groups] = await Promise.all([
    readInside(rootfs, '/etc/passwd').then(parseAccounts),
    readInside(rootfs, '/etc/group').then(parseGroups),
  ]);
  const [imageName = '', imageGroup = ''] = security.runAsUser === undefined ? imageUser.split(':') : [];
  const wanted = security.runAsUser === undefined ? imageName : String(security.runAsUser);
  const account = findAccount(accounts, wanted);
  const gid = security.runAsGroup ?? (imageGroup === '' ? account.gid : findGroup(groups, imageGroup));
  if (security.runAsNonRoot && account.uid === 0) {
    throw new ApiError('BadRequest', 'container has runAsNonRoot and image will run as root');
  }
  const ofImage = security.isGroupListStrict || account.name === '' ? [] : groups;
  const own = ofImage.filter(({ members }) => members.includes(account.name));
  const additional = new Set([...own.map((group) => group.gid), ...security.supplementalGroups]);
  return { uid: account.uid, gid, additionalGids: [...additional].sort((a, b) => a - b) };
}

function findAccount(accounts: Account[], wanted: string): Account {
  if (wanted === '') return accounts.find(({ uid }) => uid === 0) ?? { name: 'root', uid: 0, gid: 0 };
  const byName = accounts.find(({ name }) => name === wanted);
  if (byName !== undefined) return byName;
  const uid = parseId(wanted);
  if (uid === undefined)
    throw new ApiError('BadRequest', `unable to find user ${wanted}: no matching entries in passwd file`);
  return accounts.find((account) => account.uid === uid) ?? { name: '', uid, gid: 0 };
}

function findGroup(groups: Group[], wanted: string): number {
  const gid = groups.find(({ name }) => name === wanted)?.gid ?? parseId(wanted);
  if (gid === undefined)
    throw new ApiError('BadRequest', `unable to find group ${wanted}: no matching entries in group file`);
  return gid;
}

function parseAccounts(text: string): Account[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , uid, gid] = line.split(':');
    const [uidNumber, gidNumber] = [parseId(uid), parseId(gid)];
    return uidNumber === undefined || gidNumber === undefined ? [] : [{ name, uid: uidNumber, gid: gidNumber }];
  });
}

function parseGroups(text: string): Group[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , gid, members = ''] = line.split(':');
    const number = parseId(gid);
    return number === undefined ? [] : [{ name, gid: number, members: members.split(',') }];
  });
}

function parseId(text = ''): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 31 ? Number(text) : undefined;
}
