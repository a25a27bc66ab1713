import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ImageError } from '../../../agent/images/image-service.ts';
import { canonicalName, parseReference } from '../../../agent/images/reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('image names', () => {
  const names: Record<string, string> = {
    busybox: 'docker.io/library/busybox:latest',
    'busybox:1.36': 'docker.io/library/busybox:1.36',
    'grafana/grafana': 'docker.io/grafana/grafana:latest',
    'docker.io/busybox': 'docker.io/library/busybox:latest',
    'index.docker.io/library/busybox:1': 'docker.io/library/busybox:1',
    'localhost/app': 'localhost/app:latest',
    'localhost:5000/app': 'localhost:5000/app:latest',
    'registry.example.com/a/b/c:v1': 'registry.example.com/a/b/c:v1',
    '127.0.0.1:5000/a_b__c-d--e.f': '127.0.0.1:5000/a_b__c-d--e.f:latest',
    '[::1]:5000/app': '[::1]:5000/app:latest',
    'UPPER/app': 'UPPER/app:latest',
    [`busybox@${digest}`]: `docker.io/library/busybox@${digest}`,
    [`busybox:1@${digest}`]: `docker.io/library/busybox@${digest}`,
  };
  for (const [name, canonical] of Object.entries(names)) {
    it(`reads ${name.slice(0, 40)}`, () => assert.equal(canonicalName(parseReference(name)), canonical));
  }

  const wrong: Record<string, RegExp> = {
    '': /empty/,
    ' busybox': /space/,
    Busybox: /lower case/,
    'a/Busybox': /lower case/,
    'a//b': /part of the name is empty/,
    'a/': /part of the name is empty/,
    'busybox:': /tag/,
    'busybox:-x': /tag/,
    [`busybox:${'x'.repeat(129)}`]: /tag/,
    'busybox@sha256:123': /64 lower-case hex/,
    [`busybox@${digest}@${digest}`]: /more than one/,
    [digest.slice(7)]: /image id/,
    a___b: /may hold/,
    '-a': /may hold/,
    'exa_mple.com/a': /not a registry host/,
    'host:port/a': /not a registry host/,
    [`a.b/${'x'.repeat(260)}`]: /longer than 255/,
    'a/../b': /may hold/,
  };
  for (const [name, pattern] of Object.entries(wrong)) {
    it(`refuses ${name.slice(0, 40) || 'the empty name'}`, () =>
      assert.throws(
        () => parseReference(name),
        (error) => error instanceof ImageError && error.failure === 'InvalidImageName' && pattern.test(error.message),
      ));
  }

  it('reads its own spelling as the same, and anything else never in another way than refusing', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'abZ019./:_-@'.split(''), 'localhost', digest) }),
    );
    fc.assert(
      fc.property(text, (name) => {
        try {
          const reference = parseReference(name);
          const canonical = canonicalName(reference);
          assert.equal(canonicalName(parseReference(canonical)), canonical);
          assert.ok(!canonical.split(/[/:@]/).includes('..'));
        } catch (error) {
          assert.ok(error instanceof ImageError && error.failure === 'InvalidImageName', String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});
