import assert from 'node:assert/strict';
import { readSettings } from '../../controller/settings.ts';
import { SettingsError } from '../../shared/settings.ts';

describe('settings of the controller', () => {
  it('name where requests are written down', () => {
    assert.equal(readSettings([]).auditLog, '');
    assert.equal(readSettings(['--audit-log', '-']).auditLog, '-');
    assert.equal(readSettings(['--audit-log=/var/log/audit.log']).auditLog, '/var/log/audit.log');
  });

  it('name what Pod Security does not apply to', () => {
    const exempt = (text: string): unknown => readSettings(['--pod-security-exempt', text]).podSecurityExempt;
    assert.deepEqual(exempt(''), { namespaces: [], users: [], runtimeClasses: [] });
    const account = 'system:serviceaccount:a:b';
    assert.deepEqual(exempt(`namespace=kube-system,user=${account},runtimeclass=vm,namespace=infra`), {
      namespaces: ['kube-system', 'infra'],
      users: [account],
      runtimeClasses: ['vm'],
    });
    for (const wrong of ['kube-system', 'namespace=', 'group=admins', 'toString=x']) {
      assert.throws(() => exempt(wrong), SettingsError, wrong);
    }
  });
});
