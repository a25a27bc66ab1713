import assert from 'node:assert/strict';
import { request } from 'node:https';
import { ApiError } from '../../shared/errors.ts';
import { ApiHarness } from '../api/harness.ts';
import { podManifest } from '../api/manifests.ts';
import { until } from '../support/until.ts';
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
    const headers = { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' };
    const slow = [1, 2].map(() => {
      const to = { host: '127.0.0.1', port: api.port, ca: api.pki.authority, path: maps, method: 'POST', headers };
      const sent = request(to).on('error', () => undefined);
      sent.write('{'); // and no more
      return sent;
    });
    await until(async () => (await api.call('GET', maps)).code === 429, 'they are all there');
    const answer = await api.call('GET', maps);
    const message = 'too many requests, please try again later';
    const refusal = status(429, 'TooManyRequests', message, { retryAfterSeconds: 1 });
    assert.deepEqual([answer.code, answer.json], [429, refusal]);
    assert.equal(answer.headers['retry-after'], '1');
    for (const sent of slow) sent.destroy();
    await until(async () => (await api.call('GET', maps)).code === 200, 'it is taken');
    await api.stop();
  });

  it('429 TooManyRequests for one watch too many keeps nobody from anything else', async () => {
    const api = await ApiHarness.start({ maxInflight: 2 });
    const [first] = await Promise.all([1, 2].map(() => WatchReader.open(api, `${maps}?watch=1`)));
    const { code, json } = await api.call('GET', `${maps}?watch=1`);
    const message = 'too many watches and sessions, please try again later';
    assert.deepEqual([code, json], [429, status(429, 'TooManyRequests', message, { retryAfterSeconds: 1 })]);
    assert.equal((await api.call('GET', maps)).code, 200);
    first?.close();
    await until(async () => (await api.call('GET', `${maps}?watch=1&timeoutSeconds=1`)).code === 200, 'one is free');
    await api.stop();
  });
});
