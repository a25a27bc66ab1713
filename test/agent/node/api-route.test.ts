import assert from 'node:assert/strict';
import { ApiRoute } from '../../../agent/node/api-route.ts';
import type { ApiEndpoint } from '../../../shared/objects/api-endpoint.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';

const endpoints = (ip: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'kubernetes', namespace: 'default' },
    subsets: [{ addresses: [{ ip }], ports: [{ name: 'https', port: 7443 }] }],
  }) as KubeObject;

describe('the way to the API', () => {
  const route = (object: KubeObject | undefined, busUrl: string): ApiEndpoint | undefined => {
    const desired = {
      get: (key: string) => (key === 'endpoints/default/kubernetes' ? object : undefined),
      onChange: () => undefined,
    };
    return new ApiRoute({ desired, busUrls: [busUrl], ownAddresses: () => ['127.0.0.1', '192.0.2.1'] }).current();
  };

  it('is where the Endpoints say', () => {
    assert.deepEqual(route(endpoints('192.0.2.10'), 'tls://192.0.2.10:7422'), { host: '192.0.2.10', port: 7443 });
    assert.equal(route(undefined, 'tls://192.0.2.10:7422'), undefined);
  });

  it('leads to loopback only on the machine of the controller', () => {
    const here = { host: '127.0.0.1', port: 7443 };
    assert.deepEqual(route(endpoints('127.0.0.1'), 'tls://127.0.0.1:7422'), here);
    assert.deepEqual(route(endpoints('127.0.0.1'), 'tls://192.0.2.1:7422'), here);
    assert.equal(route(endpoints('127.0.0.1'), 'tls://192.0.2.10:7422'), undefined);
  });

  it('is none over IPv6 and for Endpoints without an address', () => {
    assert.equal(route(endpoints('2001:db8::1'), 'tls://127.0.0.1:7422'), undefined);
    assert.equal(route({ ...endpoints(''), subsets: [] } as KubeObject, 'tls://127.0.0.1:7422'), undefined);
  });
});
