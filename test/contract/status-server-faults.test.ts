import assert from 'node:assert/strict';
import { ApiError } from '../../shared/errors.ts';
import { ApiHarness } from '../api/harness.ts';
import { podManifest } from '../api/manifests.ts';
import { WatchReader } from '../api/watch-reader.ts';
import { status } from './status.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';

describe('contract: refusals that are the server’s fault', () => {
  const failing = async (error: unknown, expected: { code: number }, retryAfter?: string): Promise<void> => {
    const fail = (): never => {
      throw error;
    };
    const api = await ApiHarness.start({ podLogs: { read: fail, readDeleted: fail } });
    try {
      await api.call('POST', pods, { body: podManifest('p') });
      const { code, json, headers } = await api.call('GET', `${pods}/p/log`);
      assert.deepEqual([json, code], [expected, expected.code]);
      assert.equal(headers['retry-after'], retryAfter);
    } finally {
      await api.stop();
    }
  };

  it('500 InternalError keeps what went wrong to the log', () => {
    const message = 'Internal error occurred: the log of the controller has the details';
    return failing(new Error('the password is 1234'), status(500, 'InternalError', message));
  });

  for (const [code, reason] of [
    [503, 'ServiceUnavailable'],
    [504, 'Timeout'],
    [429, 'TooManyRequests'],
  ] as const)
    it(`${code} ${reason} comes without Retry-After, at which Go clients would ask again in silence`, () =>
      failing(new ApiError(reason, 'no'), status(code, reason, 'no')));

  it('comes with Retry-After when waiting helps', () => {
    const error = new ApiError('ServiceUnavailable', 'no', { retryAfterSeconds: 7 });
    return failing(error, status(503, 'ServiceUnavailable', 'no', { retryAfterSeconds: 7 }), '7');
  });

  it('504 Timeout of a version that is not there yet', async () => {
    const api = await ApiHarness.start();
    const now = api.store.version;
    for (const path of [maps, '/api/v1/namespaces/default']) {
      const { code, json, headers } = await api.call('GET', `${path}?resourceVersion=999999`);
      const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
      const message = `Timeout: Too large resource version: 999999, current: ${now}`;
      assert.deepEqual(json, status(504, 'Timeout', message, { causes, retryAfterSeconds: 1 }));
      assert.deepEqual([code, headers['retry-after']], [504, '1']);
    }
    await api.stop();
  });

  it('429 TooManyRequests puts off what is too much at a time, and takes it a moment later', async () => {
    const api = await ApiHarness.start({ maxInflight: 2 });
    const watches = [1, 2, 3].map(() => WatchReader.open(api, `${maps}?watch=1`));
    const [, , third] = await Promise.all(watches);
    const { code, json, headers } = await api.call('GET', maps);
    const message = 'too many requests, please try again later';
    assert.deepEqual([code, json], [429, status(429, 'TooManyRequests', message, { retryAfterSeconds: 1 })]);
    assert.equal(headers['retry-after'], '1');
    third?.close();
    await Promise.all(watches.map(async (watch) => (await watch).close()));
    while ((await api.call('GET', maps)).code !== 200);
    await api.stop();
  });
});
