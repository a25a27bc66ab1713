/**
 * Kubernetes' `$(NAME)`: replaced by `lookup`, left as it is when the name is unknown. `$$` is one dollar sign, so
 * `$$(NAME)` stays literal. Anything else with a dollar sign is kept.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let result = '';
  for (let index = 0; index < text.length; index += 1) {
    const next = text[index + 1];
    if (text[index] !== '$' || next === undefined) {
      result += text[index] ?? '';
      continue;
    }
    const close = next === '(' ? text.indexOf(')', index + 2) : -1;
    if (close === -1) {
      result += next === '$' ? '$' : `$${next}`;
      index += 1;
      continue;
    }
    const name = text.slice(index + 2, close);
    result += lookup(name) ?? `$(${name})`;
    index = close;
  }
  return result;
}
