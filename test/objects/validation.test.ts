import assert from 'node:assert/strict';
import { hasReason } from '../../shared/errors.ts';
import { toInvalid } from '../../shared/objects/validation/invalid.ts';
import { unsupported } from '../../shared/objects/validation/unsupported.ts';
import { validateCreate } from '../../shared/objects/validation/validate.ts';
import { refusesEach } from './refuses-each.ts';
import { kindOf, problemsOf, readManifest } from './read-object.ts';

const meta = (text: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: ${text}`;
const spec = (text: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: ${text}`;
const main = '{name: main, image: hello}';
const pod = (text: string): string => spec(`{containers: [${main}], ${text}}`);
const container = (text: string): string => spec(`{containers: [{name: main, image: hello, ${text}}]}`);
const mounted = (text: string): string =>
  spec(`{volumes: [{name: data}], containers: [{name: main, image: hello, ${text}}]}`);

describe('validation', () => {
  it('accepts valid objects', () => {
    for (const manifest of [
      meta('{name: conf, labels: {app.kubernetes.io/name: web, empty: ""}, annotations: {Example.com/A: x}}'),
      pod('restartPolicy: Never, hostname: web-1'),
      pod(
        'initContainers: [{name: proxy, image: hello, restartPolicy: Always, livenessProbe: {exec: {command: [ls]}}}]',
      ),
      // As Kubernetes does, which compares with CAP_SYS_ADMIN alone.
      container('securityContext: {capabilities: {add: [SYS_ADMIN, ALL]}, allowPrivilegeEscalation: false}'),
      container('ports: [{name: http, containerPort: 80}, {name: dns, containerPort: 53, protocol: UDP}]'),
      container(
        'env: [{name: a.b-c_D1, value: ""}, {name: L, valueFrom: {fieldRef: {fieldPath: "metadata.labels[\'a/b\']"}}}]',
      ),
      mounted('volumeMounts: [{name: data, mountPath: /a, subPath: b/c}, {name: data, mountPath: /b}]'),
    ]) {
      assert.deepEqual(problemsOf(manifest), [], manifest);
    }
  });

  it('checks metadata', () => {
    const long = 'x'.repeat(64);
    const owner = (rest: string): string => `{name: a, ownerReferences: [${rest}]}`;
    const controller = '{apiVersion: v1, kind: Pod, name: a, uid: u, controller: true}';
    refusesEach(meta, [
      ['{}', 'metadata.name: Required value: name or generateName is required'],
      ['{name: Web}', 'metadata.name: Invalid value: "Web": a lowercase RFC 1123 subdomain must'],
      ['{name: ../x}', 'metadata.name: Invalid value'],
      ['{name: a..b}', 'metadata.name: Invalid value'],
      [`{name: ${'x'.repeat(254)}}`, 'metadata.name: Invalid value'],
      ['{name: a, namespace: a.b}', 'metadata.namespace: Invalid value'],
      ['{name: a, labels: {-a: x}}', 'metadata.labels: Invalid value: "-a": name part must'],
      ['{name: a, labels: {a/b/c: x}}', 'metadata.labels: Invalid value'],
      [`{name: a, labels: {a: ${long}}}`, 'metadata.labels: Invalid value'],
      ['{name: a, labels: {a: "x y"}}', 'metadata.labels: Invalid value: "x y": a valid label must'],
      ['{name: a, annotations: {"a b": x}}', 'metadata.annotations: Invalid value'],
      [
        `{name: a, annotations: {a: ${'x'.repeat(256 * 1024)}}}`,
        'metadata.annotations: Too long: may not be more than 262144 bytes',
      ],
      ['{name: a, finalizers: [mine]}', 'metadata.finalizers[0]: Invalid value: "mine": name is neither'],
      [owner('{apiVersion: v1, kind: Pod, name: a}'), 'metadata.ownerReferences[0].uid: Required value'],
      [owner(`${controller}, ${controller}`), 'metadata.ownerReferences: Invalid value'],
    ]);
    refusesEach(
      (text) => `apiVersion: v1\nkind: Namespace\nmetadata: ${text}`,
      [
        ['{name: a.b}', 'metadata.name: Invalid value: "a.b": must not contain dots'],
        ['{name: a, namespace: b}', 'metadata.namespace: Forbidden: not allowed on this type'],
      ],
    );
  });

  it('refuses with an error that names the kind and all causes', () => {
    const { info, object } = readManifest(spec('{containers: [{name: main}]}'));
    assert.throws(
      () => validateCreate(info, object),
      (error) => {
        assert.ok(hasReason(error, 'Invalid'));
        assert.equal(error.message, 'Pod "web" is invalid: spec.containers[0].image: Required value');
        const cause = { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers[0].image' };
        assert.deepEqual(error.details, { kind: 'Pod', name: 'web', causes: [cause] });
        return true;
      },
    );
    const causes = ['a', 'b'].map((field) => ({ reason: 'FieldValueRequired', message: 'Required value', field }));
    const error = toInvalid(kindOf('apps/v1', 'Deployment'), 'x', causes);
    assert.equal(error.message, 'Deployment.apps "x" is invalid: [a: Required value, b: Required value]');
    assert.equal(error.details.group, 'apps');
  });

  it('warns of what it keeps and does not do', () => {
    const { info, object } = readManifest(pod('priorityClassName: high, setHostnameAsFQDN: true, schedulerName: mine'));
    assert.deepEqual(unsupported(info, object), [
      'spec.priorityClassName: not enforced by this version',
      'spec.schedulerName: not enforced by this version',
      'spec.setHostnameAsFQDN: not enforced by this version',
    ]);
    const inside =
      'securityContext: {windowsOptions: {runAsUserName: a}}, volumeDevices: [{name: a, devicePath: /dev/a}]';
    assert.deepEqual(unsupported(info, readManifest(container(inside)).object), [
      'spec.containers[0].volumeDevices: not enforced by this version',
      'spec.containers[0].securityContext.windowsOptions: not enforced by this version',
    ]);
    const claim = 'volumes: [{name: a, emptyDir: {}}, {name: b, persistentVolumeClaim: {claimName: c}}]';
    assert.deepEqual(unsupported(info, readManifest(pod(claim)).object), [
      'spec.volumes[1].persistentVolumeClaim: not enforced by this version',
    ]);
    assert.deepEqual(unsupported(info, readManifest(pod('restartPolicy: Never')).object), []);
  });
});
