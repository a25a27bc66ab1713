import assert from 'node:assert/strict';
import { claimOf, type PodObject } from '../../controller/scheduler/node-info.ts';
import { aPod } from '../objects.ts';

/** A pod that asks for one amount of cpu while its node has granted another. */
function resizing(asked: string, granted: string, reason?: string): PodObject {
  const pod = aPod({ nodeName: 'n1' });
  const containers = [{ name: 'main', resources: { requests: { cpu: asked } } }];
  const conditions = reason === undefined ? [] : [{ type: 'PodResizePending', status: 'True', reason }];
  const requests = { cpu: granted };
  const statuses = [
    {
      name: 'main',
      image: '',
      imageID: '',
      ready: true,
      restartCount: 0,
      allocatedResources: requests,
      resources: { requests },
    },
  ];
  return {
    ...(pod as PodObject),
    spec: { ...pod.spec, containers },
    status: { conditions, containerStatuses: statuses },
  };
}

describe('what a pod takes while it is resized', () => {
  it('is the larger of what it asks for and what it was granted', () => {
    assert.equal(claimOf(resizing('2', '1')).requests['cpu'], 2000);
    assert.equal(claimOf(resizing('1', '2')).requests['cpu'], 2000);
    assert.equal(claimOf(resizing('2', '1', 'Deferred')).requests['cpu'], 2000);
  });

  it('is what it was granted when the node can never give more', () => {
    assert.equal(claimOf(resizing('64', '1', 'Infeasible')).requests['cpu'], 1000);
  });
});
