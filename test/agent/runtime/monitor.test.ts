import assert from 'node:assert/strict';
import { runtimeWords } from '../../../agent/runtime/oci/monitor.ts';

describe('words of a runtime', () => {
  it('shows what the runtime wanted to say, without the trimmings of its log line', () => {
    const line = String.raw`time="2026-11-24T03:55:36Z" level=error msg="runc create failed: exec: \"/nope\": stat /nope: no such file or directory"`;
    assert.equal(runtimeWords(line), 'runc create failed: exec: "/nope": stat /nope: no such file or directory');
  });

  it('takes the last of several messages, and plain text as it is', () => {
    assert.equal(runtimeWords('level=warning msg="one"\nlevel=error msg="two"'), 'two');
    assert.equal(runtimeWords(' crun: executable file `nope` not found\n'), 'crun: executable file `nope` not found');
  });
});
