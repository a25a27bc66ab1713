/** The kind of namespace that a pod has a kernel setting in for itself. */
export type SysctlNamespace = 'net' | 'ipc';

/** With dots between its parts; a part that has a dot itself (an interface `eth0.1`) has a slash for it then. */
export function normalizeSysctl(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  if (separator !== '/') return name;
  return name.replace(/[./]/g, (character) => (character === '.' ? '/' : '.'));
}

/** Of a setting, or of all those that begin so; undefined when the host has just one for everybody. */
export function sysctlNamespace(name: string): SysctlNamespace | undefined {
  const normal = normalizeSysctl(name);
  if (normal.startsWith('net.')) return 'net';
  const isIpc = normal === 'kernel.sem' || /^(?:kernel\.shm|kernel\.msg|fs\.mqueue\.)/.test(normal);
  return isIpc ? 'ipc' : undefined;
}
