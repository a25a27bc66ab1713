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

/** What each of the health paths looks at. */
const health: ReadonlyMap<string, readonly string[]> = new Map([
  ['healthz', ['ping']],
  ['livez', ['ping', 'event-loop']],
  ['readyz', ['ping']],
]);

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
  const [path = '', check, ...more] = segments;
  const checks = path === 'version' && check === undefined ? [] : health.get(path);
  if (checks === undefined || more.length > 0 || (check !== undefined && !checks.includes(check))) return undefined;
  if (method !== 'GET' && method !== 'HEAD') throw new MethodNotAllowed(['GET', 'HEAD']);
  if (path === 'version') return jsonReply(200, { ...version, ...build });
  const problems = new Map([['event-loop', delayProblem(delayMs?.() ?? 0)]]);
  if (check === undefined) return answerHealth(path, checks, problems, query);
  const problem = problems.get(check);
  return problem === undefined ? textReply(200, 'ok') : textReply(500, `internal server error: ${problem}\n`);
}

function delayProblem(delayMs: number): string | undefined {
  if (delayMs <= maxDelayMs) return undefined;
  return `the main thread was busy with one thing for ${Math.round(delayMs / 1_000)} s`;
}

function answerHealth(
  path: string,
  checks: readonly string[],
  problems: ReadonlyMap<string, string | undefined>,
  query: URLSearchParams,
): Reply {
  const excluded = new Set(query.getAll('exclude'));
  const failed = checks.filter((check) => !excluded.has(check) && problems.get(check) !== undefined);
  const lines = checks.map((check) => {
    if (excluded.has(check)) return `[+]${check} excluded: ok\n`;
    return failed.includes(check) ? `[-]${check} failed: ${problems.get(check)}\n` : `[+]${check} ok\n`;
  });
  const unknown = [...excluded].filter((check) => !checks.includes(check)).map((check) => JSON.stringify(check));
  if (unknown.length > 0)
    lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.join(',')}\n`);
  if (failed.length > 0) return textReply(500, `${lines.join('')}${path} check failed\n`);
  return textReply(200, query.has('verbose') ? `${lines.join('')}${path} check passed\n` : 'ok');
}
