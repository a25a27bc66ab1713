import { configMapManifest, podManifest } from '../manifests.ts';
import { deployments, map, maps, type, type Row } from './row.ts';
import { alias } from './yaml.ts';

const apply = type('application/apply-patch+yaml');
const seed = `${maps}/seed`;

/** Server-side applies that must be refused. */
export const refusedApplies: Row[] = [
  ['apply without a manager', 'PATCH', seed, { body: configMapManifest('seed'), ...apply }],
  [
    'apply of managedFields',
    'PATCH',
    `${seed}?fieldManager=m`,
    { body: map({ name: 'seed', managedFields: [{ manager: 'x' }] }), ...apply },
  ],
  ['apply of another kind', 'PATCH', `${seed}?fieldManager=m`, { body: podManifest('seed'), ...apply }],
  [
    'apply of labels of a wrong type',
    'PATCH',
    `${seed}?fieldManager=m`,
    { body: map({ name: 'seed', labels: [] }), ...apply },
  ],
  ['apply that is no object', 'PATCH', `${seed}?fieldManager=m`, { body: '- a\n', ...apply }],
  ['apply without a body', 'PATCH', `${seed}?fieldManager=m`, { body: '', ...apply }],
  ['apply of broken YAML', 'PATCH', `${seed}?fieldManager=m`, { body: 'a: [', ...apply }],
  ['apply of aliases that multiply', 'PATCH', `${seed}?fieldManager=m`, { body: alias, ...apply }],
  [
    'apply without a kind',
    'PATCH',
    `${seed}?fieldManager=m`,
    { body: { apiVersion: 'v1', metadata: { name: 'seed' } }, ...apply },
  ],
  [
    'apply without an API version',
    'PATCH',
    `${seed}?fieldManager=m`,
    { body: { kind: 'ConfigMap', metadata: { name: 'seed' } }, ...apply },
  ],
  ['apply under another name', 'PATCH', `${seed}?fieldManager=m`, { body: map({ name: 'other' }), ...apply }],
  [
    'apply of an unknown field, strict',
    'PATCH',
    `${seed}?fieldManager=m&fieldValidation=Strict`,
    { body: map({ name: 'seed' }, { spec: {} }), ...apply },
  ],
  [
    'apply of a list key given twice',
    'PATCH',
    `${deployments}/seed?fieldManager=m`,
    {
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'seed' },
        spec: { template: { spec: { containers: [1, 2].map((n) => ({ name: 'main', image: `a:${n}` })) } } },
      },
      ...apply,
    },
  ],
  [
    'apply of a list without its key',
    'PATCH',
    `${deployments}/seed?fieldManager=m`,
    {
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'seed' },
        spec: { template: { spec: { containers: [{ image: 'a' }] } } },
      },
      ...apply,
    },
  ],
  [
    'apply of what another owns',
    'PATCH',
    `${seed}?fieldManager=m`,
    { body: map({ name: 'seed' }, { data: { k: 'mine' } }), ...apply },
  ],
  [
    'apply with a stale version',
    'PATCH',
    `${seed}?fieldManager=m&force=true`,
    { body: map({ name: 'seed', resourceVersion: '1' }), ...apply },
  ],
  [
    'apply that creates something wrong',
    'PATCH',
    `${maps}/fresh?fieldManager=m`,
    { body: map({ name: 'fresh' }, { data: { '../x': 'y' } }), ...apply },
  ],
];
