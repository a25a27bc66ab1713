import assert from 'node:assert/strict';
import {
  configKeyProblems,
  dnsLabelProblems,
  envNameProblems,
  labelKeyProblems,
  labelValueProblems,
  portNameProblems,
  wildcardProblems,
  type NameProblems,
} from '../../shared/objects/name-problems.ts';

const long = 'a'.repeat(64);
/** The beginnings of all that is wrong with a name. */
const rows: [NameProblems, string, string[]][] = [
  [dnsLabelProblems, 'a-1', []],
  [dnsLabelProblems, 'a.b', ['must not contain dots']],
  [dnsLabelProblems, 'A', ['a lowercase RFC 1123 label must']],
  [dnsLabelProblems, `${long}_`, ['must be no more than 63', 'a lowercase RFC 1123 label must']],
  [labelKeyProblems, 'example.com/A_1', []],
  [labelKeyProblems, '/', ['prefix part must be non-empty', 'name part must be non-empty', 'name part must consist']],
  [labelKeyProblems, 'A/-', ['prefix part a lowercase RFC 1123 subdomain must', 'name part must consist']],
  [labelKeyProblems, `a/${long}`, ['name part must be no more than 63']],
  [labelKeyProblems, 'a/b/c', ['a qualified name must consist']],
  [labelValueProblems, '', []],
  [labelValueProblems, '-', ['a valid label must']],
  [portNameProblems, 'http-2', []],
  [portNameProblems, '80', ['must contain at least one letter']],
  [
    portNameProblems,
    '-A--',
    ['must contain only', 'must contain at least', 'must not contain', 'must not begin or end'],
  ],
  [portNameProblems, 'a'.repeat(16), ['must be no more than 15']],
  [configKeyProblems, '..', ["must not be '..'"]],
  [configKeyProblems, '..a b', ['a valid config key must', "must not start with '..'"]],
  [envNameProblems, '1 %', []],
  [envNameProblems, 'A=B', ['a valid environment variable name must']],
  [wildcardProblems, '*.example.com', []],
  [wildcardProblems, '*', ['a wildcard DNS-1123 subdomain must']],
];

describe('what is wrong with a name', () => {
  for (const [problemsOf, name, expected] of rows)
    it(`${name.slice(0, 20)}: ${expected.join(', ') || 'nothing'}`, () => {
      const found = problemsOf(name);
      assert.equal(found.length, expected.length, found.join('; '));
      for (const [at, beginning] of expected.entries()) assert.ok(found[at]?.startsWith(beginning), found[at]);
    });

  it('is found at once also for megabytes', () => {
    const megabytes = 'a.'.repeat(1_500_000);
    for (const problemsOf of new Set(rows.map(([check]) => check))) problemsOf(megabytes);
  });
});
