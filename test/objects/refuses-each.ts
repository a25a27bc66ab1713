import assert from 'node:assert/strict';
import { problemsOf } from './read-object.ts';

/** Asserts that each manifest has exactly one problem, which begins with the text it stands beside. */
export function refusesEach(manifestOf: (text: string) => string, cases: readonly (readonly [string, string])[]): void {
  for (const [text, expected] of cases) {
    const problems = problemsOf(manifestOf(text));
    assert.equal(problems.length, 1, `${text}: ${problems.join('; ')}`);
    assert.ok(problems[0]?.startsWith(expected), `${text}: ${problems[0]}`);
  }
}
