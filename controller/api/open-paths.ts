import type { RequestTarget } from './http/api-request.ts';
import { MethodNotAllowed } from './http/method-not-allowed.ts';
import { jsonReply, textReply, type Reply } from './http/reply.ts';

/** What is known of the running program; '' for what is not. */
export interface BuildVersion {
  gitCommit: string;
  /** RFC 3339. */
  buildDate: string;
}

/** A main thread that was busy with one thing for so long serves nobody. */
const maxDelayMs = 5_000;

const health: ReadonlySet<string> = new Set(['healthz', 'livez', 'readyz']);

/** Clients choose API versions by it, so it names the Kubernetes release Berth speaks. */
export const gitVersion = 'v1.32.0+berth.1';

/** What `kubectl version` shows. */
const version = {
  major: '1',
  minor: '32',
  gitVersion,
  gitCommit: '',
  gitTreeState: '',
  buildDate: '',
  goVersion: '',
  compiler: '',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

/** The answers that need no credential: health and version. Undefined for every other path; throws MethodNotAllowed. */
export function answerOpenPath(
  method: string,
  { segments, query }: RequestTarget,
  { build, delayMs }: { build?: BuildVersion; delayMs?: () => number },
): Reply | undefined {
  const [path = '', ...more] = segments;
  if (more.length > 0 || !(health.has(path) || path === 'version')) return undefined;
  if (method !== 'GET' && method !== 'HEAD') throw new MethodNotAllowed(['GET', 'HEAD']);
  if (path === 'version') return jsonReply(200, { ...version, ...build });
  const delay = path === 'livez' ? (delayMs?.() ?? 0) : 0;
  if (delay > maxDelayMs) {
    const why = `the main thread was busy with one thing for ${Math.round(delay / 1_000)} s`;
    return textReply(500, `[+]ping ok\n[-]event-loop failed: ${why}\n${path} check failed\n`);
  }
  return textReply(200, query.has('verbose') ? `[+]ping ok\n${path} check passed\n` : 'ok');
}
