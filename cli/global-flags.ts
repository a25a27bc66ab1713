const withValue: ReadonlySet<string> = new Set(
  '-n --namespace --kubeconfig --context --as --as-group --as-uid'.split(' '),
);

/**
 * `berth -n web get pods` is `berth get pods -n web`: what every command takes may also stand before it. Behind the
 * words of the command, but not among those after `--`.
 */
export function moveGlobalFlags(words: readonly string[]): string[] {
  const [first = '', second] = words;
  const name = first.split('=')[0] ?? '';
  const isAttached = first.includes('=') || /^-n./.test(first);
  if (!withValue.has(name) && !/^-n./.test(first)) return [...words];
  const taken = isAttached || second === undefined ? [first] : [first, second];
  const rest = moveGlobalFlags(words.slice(taken.length));
  const end = rest.indexOf('--');
  return end < 0 ? [...rest, ...taken] : [...rest.slice(0, end), ...taken, ...rest.slice(end)];
}
