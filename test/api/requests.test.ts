import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseTarget } from '../../controller/api/http/api-request.ts';
import { acceptsGzip, negotiateDiscovery, negotiateForm } from '../../controller/api/http/negotiation.ts';
import { failureStatus } from '../../controller/api/http/status.ts';
import { warningHeaders } from '../../controller/api/http/warnings.ts';
import { parseResourcePath } from '../../controller/api/resource-path.ts';
import { eventOf } from '../../controller/api/verbs/watch-events.ts';
import { ApiError, hasReason } from '../../shared/errors.ts';
import { silentLogger } from '../../shared/log.ts';
import { aPod } from '../objects.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('requests', () => {
  describe('content negotiation', () => {
    const forms: [string | undefined, string][] = [
      [undefined, 'object'],
      ['*/*', 'object'],
      ['application/json, */*', 'object'],
      [`${table},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`, 'Table'],
      ['application/json;as=Table;v=v2;g=meta.k8s.io,application/json', 'object'],
      ['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'PartialObjectMetadataList'],
      ['application/vnd.kubernetes.protobuf,application/json', 'object'],
      ['application/vnd.kubernetes.protobuf, */*', 'object'],
      ['text/html;q=0.9, application/json;q=0.1', 'object'],
      [`application/json;q=0.5,${table}`, 'Table'],
    ];
    for (const [accept, form] of forms) {
      it(`answers ${form} to Accept: ${accept ?? 'nothing'}`, () =>
        assert.equal(negotiateForm(accept, form.endsWith('List') ? 'list' : 'object'), form));
    }

    it('refuses what it cannot answer', () => {
      for (const accept of [
        'text/html',
        'application/xml',
        'application/json;as=Chart;v=v1;g=meta.k8s.io',
        'application/json;q=0',
      ]) {
        assert.throws(
          () => negotiateForm(accept, 'object'),
          (error) => hasReason(error, 'NotAcceptable'),
          accept,
        );
      }
    });

    it('answers the first form of discovery that the client names', () => {
      const form = (version: string): string =>
        `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      assert.equal(negotiateDiscovery(`${form('v2')},${form('v2beta1')},application/json`), 'v2');
      assert.equal(negotiateDiscovery(`${form('v2beta1')},application/json`), 'v2beta1');
      assert.equal(negotiateDiscovery(`${form('v9')},application/json`), undefined);
      assert.equal(negotiateDiscovery(undefined), undefined);
    });

    it('never throws anything but NotAcceptable, whatever the header', () => {
      fc.assert(
        fc.property(fc.string(), (accept) => {
          try {
            negotiateForm(accept, 'object');
            acceptsGzip(accept);
          } catch (error) {
            assert.ok(hasReason(error, 'NotAcceptable'));
          }
        }),
      );
    });
  });

  describe('paths', () => {
    const pathOf = (path: string): ReturnType<typeof parseResourcePath> =>
      parseResourcePath(parseTarget(path).segments);

    it('tells resources, objects and subresources apart', () => {
      const cases: [string, string, string, string | undefined, string | undefined][] = [
        ['/api/v1/pods', 'pods', '', undefined, undefined],
        ['/api/v1/namespaces', 'namespaces', '', undefined, undefined],
        ['/api/v1/namespaces/a', 'namespaces', '', 'a', undefined],
        ['/api/v1/namespaces/a/status', 'namespaces', '', 'a', 'status'],
        ['/api/v1/namespaces/a/finalize', 'namespaces', '', 'a', 'finalize'],
        ['/api/v1/namespaces/a/pods', 'pods', 'a', undefined, undefined],
        ['/api/v1/namespaces/a/pods/web%2D1/log?follow=true', 'pods', 'a', 'web-1', 'log'],
        ['/apis/apps/v1/namespaces/a/deployments/b/scale', 'deployments', 'a', 'b', 'scale'],
        ['/api/v1/nodes/n', 'nodes', '', 'n', undefined],
      ];
      for (const [path, plural, namespace, name, subresource] of cases) {
        const target = pathOf(path);
        assert.deepEqual(
          [target?.info.plural, target?.namespace, target?.name, target?.subresource],
          [plural, namespace, name, subresource],
          path,
        );
      }
    });

    it('knows nothing under other paths', () => {
      const paths = [
        '/',
        '/api',
        '/api/v1',
        '/api/v2/pods',
        '/api/v1/gadgets',
        '/api/v1/pods/web',
        '/api/v1/namespaces/a/nodes',
        '/api/v1/namespaces//pods',
        '/api/v1/namespaces/a/pods/',
        '/api/v1/namespaces/a/pods/b/log/c',
        '//api/v1/pods',
        '/apis/apps/v2/deployments',
        '/apis//v1/pods',
        '/api/v1/__proto__',
        '/apis/constructor/v1/toString',
      ];
      for (const path of paths) assert.equal(pathOf(path), undefined, path);
    });

    it('refuses an unknown subresource as NotFound and undecodable paths as BadRequest', () => {
      assert.throws(
        () => pathOf('/api/v1/namespaces/a/pods/b/teleport'),
        (error) => hasReason(error, 'NotFound'),
      );
      for (const path of [
        '/api/%',
        '/api/%zz',
        '/api/%c0%80',
        '/api/%00',
        '/api/a%2Fb',
        '/api/%0d%0a',
        '*',
        'http://x/',
      ]) {
        assert.throws(
          () => parseTarget(path),
          (error) => hasReason(error, 'BadRequest'),
          path,
        );
      }
    });
  });

  describe('failures', () => {
    it('become a Status with the code of their reason', () => {
      const status = failureStatus(new ApiError('Conflict', 'no', { kind: 'pods', name: 'a' }), silentLogger);
      assert.deepEqual(status, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'no',
        reason: 'Conflict',
        details: { kind: 'pods', name: 'a' },
        code: 409,
      });
    });

    it('that nobody meant to throw are logged and tell the client nothing', () => {
      const logged: unknown[] = [];
      const log = { ...silentLogger, error: (_message: string, fields?: object) => void logged.push(fields) };
      const status = failureStatus(new Error('the password is 1234'), log);
      assert.equal(status.code, 500);
      assert.ok(!JSON.stringify(status).includes('1234'));
      assert.equal(logged.length, 1);
    });
  });

  it('keeps warnings printable, quoted and bounded', () => {
    assert.deepEqual(warningHeaders(['unknown field "a"', 'unknown field "a"', 'ä\r\nSet-Cookie: x']), [
      String.raw`299 - "unknown field \"a\""`,
      '299 - "???Set-Cookie: x"',
    ]);
    assert.ok(warningHeaders(Array.from({ length: 1_000 }, (_, at) => `warning ${at}`)).length <= 50);
  });

  describe('watch events', () => {
    const red = {
      has: (object: { metadata: { labels?: Record<string, string> } }) => object.metadata.labels?.['color'] === 'red',
    };
    const key = { resource: 'pods', namespace: 'default', name: 'web' };
    const pod = (color: string): ReturnType<typeof aPod> => aPod({ labels: { color } });

    it('show an object that starts to match as ADDED, and one that stops as DELETED in its last matching state', () => {
      const [blue, nowRed] = [pod('blue'), pod('red')];
      assert.deepEqual(eventOf({ type: 'MODIFIED', key, object: nowRed, previous: blue, version: 7 }, red), {
        type: 'ADDED',
        object: nowRed,
      });
      const left = eventOf({ type: 'MODIFIED', key, object: blue, previous: nowRed, version: 8 }, red);
      assert.equal(left?.type, 'DELETED');
      assert.equal(left?.object.metadata.labels?.['color'], 'red');
      assert.equal(left?.object.metadata.resourceVersion, '8');
    });

    it('say nothing of objects that never match', () => {
      assert.equal(eventOf({ type: 'ADDED', key, object: pod('blue'), version: 1 }, red), undefined);
      assert.equal(
        eventOf({ type: 'MODIFIED', key, object: pod('blue'), previous: pod('blue'), version: 2 }, red),
        undefined,
      );
      assert.equal(eventOf({ type: 'DELETED', key, object: pod('blue'), version: 3 }, red), undefined);
    });
  });
});
