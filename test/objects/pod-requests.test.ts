import assert from 'node:assert/strict';
import fc from 'fast-check';
import { podLimits, podRequests, qosClassOf } from '../../shared/objects/pod-requests.ts';
import type { Container } from '../../shared/objects/types.ts';

function aContainer(requests?: Record<string, string>, limits?: Record<string, string>): Container {
  return { name: 'c', image: 'hello:1', resources: { requests, limits } };
}

const cpu = (amount: string): Container => aContainer({ cpu: amount });
const sidecar = (amount: string): Container => ({ ...cpu(amount), restartPolicy: 'Always' });

describe('pod requests', () => {
  it('adds containers and takes the largest init step', () => {
    const spec = { containers: [cpu('100m'), cpu('0.2')], initContainers: [cpu('250m'), cpu('1')] };
    assert.deepEqual(podRequests(spec), { cpu: 1000 });
    assert.deepEqual(podRequests({ ...spec, initContainers: [cpu('250m')] }), { cpu: 300 });
  });

  it('keeps sidecars running beside later init steps and the containers', () => {
    assert.deepEqual(podRequests({ containers: [cpu('100m')], initContainers: [sidecar('50m'), cpu('200m')] }), {
      cpu: 250,
    });
    assert.deepEqual(podRequests({ containers: [cpu('300m')], initContainers: [sidecar('50m'), cpu('200m')] }), {
      cpu: 350,
    });
  });

  it('takes a limit for a request that is missing, and adds overhead', () => {
    const spec = { containers: [aContainer(undefined, { memory: '1Gi' })], overhead: { memory: '1Mi' } };
    assert.deepEqual(podRequests(spec), { memory: 2 ** 30 + 2 ** 20 });
  });

  it('limits a pod only where every container is limited', () => {
    const one = aContainer({}, { cpu: '1', memory: '1Mi' });
    const two = aContainer({}, { cpu: '1' });
    assert.deepEqual(podLimits({ containers: [one, two] }), { cpu: 2000 });
    assert.deepEqual(podLimits({ containers: [one, one] }), { cpu: 2000, memory: 2 ** 21 });
  });

  it('never asks for less when a container is added', () => {
    const amounts = fc.array(
      fc.nat(4000).map((milli) => cpu(`${milli}m`)),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(amounts, amounts, fc.nat(4000), (containers, initContainers, more) => {
        const before = podRequests({ containers, initContainers });
        const after = podRequests({ containers: [...containers, cpu(`${more}m`)], initContainers });
        assert.ok((after.cpu ?? 0) >= (before.cpu ?? 0));
      }),
    );
  });

  it('names the quality-of-service class', () => {
    const full = aContainer({ cpu: '1', memory: '1Gi' }, { cpu: '1000m', memory: '1024Mi' });
    assert.equal(qosClassOf({ containers: [aContainer()] }), 'BestEffort');
    assert.equal(qosClassOf({ containers: [full] }), 'Guaranteed');
    assert.equal(qosClassOf({ containers: [aContainer(undefined, { cpu: '1', memory: '1Gi' })] }), 'Guaranteed');
    assert.equal(qosClassOf({ containers: [full, aContainer()] }), 'Burstable');
    assert.equal(qosClassOf({ containers: [full], initContainers: [cpu('1')] }), 'Burstable');
    assert.equal(qosClassOf({ containers: [aContainer({ 'ephemeral-storage': '1Gi' })] }), 'BestEffort');
  });
});
