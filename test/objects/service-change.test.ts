import assert from 'node:assert/strict';
import { withKept } from '../../shared/objects/defaults.ts';
import type { Service } from '../../shared/objects/types.ts';
import { readManifest } from './read-object.ts';

const service = (spec: string): string => `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {${spec}}}`;

/** The spec of a Service after a change from one to the other. */
function changed(before: string, after: string): NonNullable<Service['spec']> {
  const { info, object } = readManifest(service(after));
  return (withKept(info, object, readManifest(service(before)).object) as Service).spec ?? {};
}

const given = 'clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1]';
const ports = 'ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30081}]';

describe('a changed Service', () => {
  it('keeps what was given out to it', () => {
    const spec = changed(
      `type: NodePort, ${given}, ${ports}`,
      'type: NodePort, ports: [{name: b, port: 90}, {name: c, port: 80}]',
    );
    assert.deepEqual([spec.clusterIP, spec.clusterIPs], ['10.0.0.1', ['10.0.0.1']]);
    assert.deepEqual(
      spec.ports?.map(({ nodePort }) => nodePort),
      [30081, undefined],
    );
    const taken = changed(
      `type: NodePort, ${ports}`,
      'type: NodePort, ports: [{name: c, port: 1, nodePort: 30081}, {name: b, port: 2}]',
    );
    assert.deepEqual(
      taken.ports?.map(({ nodePort }) => nodePort),
      [30081, undefined],
    );
  });

  it('drops what goes with the type it had', () => {
    const inside = changed(
      `type: LoadBalancer, ${given}, ${ports}`,
      `${ports}, externalTrafficPolicy: Cluster, allocateLoadBalancerNodePorts: true`,
    );
    assert.equal(inside.clusterIP, '10.0.0.1');
    assert.ok(!('externalTrafficPolicy' in inside) && !('allocateLoadBalancerNodePorts' in inside));
    assert.ok(inside.ports?.every(({ nodePort }) => nodePort === undefined));
    const named = changed(
      `${given}, ports: [{port: 80}]`,
      `type: ExternalName, externalName: a.b, ${given}, ipFamilies: [IPv4]`,
    );
    assert.deepEqual(named, { type: 'ExternalName', externalName: 'a.b', sessionAffinity: 'None' });
  });

  it('leaves what the change sets anew, for validation to tell', () => {
    const spec = changed(`type: NodePort, ${ports}`, 'ports: [{name: a, port: 80, nodePort: 30090}]');
    assert.equal(spec.ports?.[0]?.nodePort, 30090);
  });
});
