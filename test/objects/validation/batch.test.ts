import assert from 'node:assert/strict';
import { problemsOf, updateProblemsOf } from '../read-object.ts';
import { refusesEach } from '../refuses-each.ts';

const template = (pod = 'restartPolicy: Never', labels = ''): string =>
  `template: {metadata: {labels: {${labels}}}, spec: {containers: [{name: main, image: "hello:1"}], ${pod}}}`;
const jobOf = (spec: string): string => `{apiVersion: batch/v1, kind: Job, metadata: {name: once}, spec: {${spec}}}`;
const job = (spec: string): string => jobOf(`${template()}, ${spec}`);
const cronJobOf = (spec: string): string =>
  `{apiVersion: batch/v1, kind: CronJob, metadata: {name: often}, spec: {${spec}}}`;
const cronJob = (spec: string): string => cronJobOf(`jobTemplate: {spec: {${template()}}}, ${spec}`);
const scheduled = (schedule: string): string => cronJob(`schedule: ${JSON.stringify(schedule)}`);

describe('validation of batch kinds', () => {
  it('checks Jobs', () => {
    for (const spec of ['', 'completionMode: Indexed, completions: 3, backoffLimitPerIndex: 1', 'parallelism: 0']) {
      assert.deepEqual(problemsOf(job(spec)), [], spec);
    }
    refusesEach(job, [
      ['parallelism: -1', 'spec.parallelism: Invalid value: -1: must be greater than or equal to 0'],
      ['completions: -1', 'spec.completions: Invalid value: -1: must be greater than or equal to 0'],
      ['backoffLimit: -1', 'spec.backoffLimit: Invalid value: -1'],
      ['activeDeadlineSeconds: -1', 'spec.activeDeadlineSeconds: Invalid value: -1'],
      ['ttlSecondsAfterFinished: -1', 'spec.ttlSecondsAfterFinished: Invalid value: -1'],
      ['completionMode: Some', 'spec.completionMode: Unsupported value: "Some"'],
      ['completionMode: Indexed, parallelism: 2', 'spec.completions: Required value: when completion mode is Indexed'],
      ['backoffLimitPerIndex: 1', 'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'],
      ['maxFailedIndexes: 1', 'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified'],
      ['podReplacementPolicy: Never', 'spec.podReplacementPolicy: Unsupported value: "Never"'],
      ['managedBy: me', 'spec.managedBy: Invalid value: "me": must be a domain-prefixed path'],
      [
        'podFailurePolicy: {rules: [{action: FailJob}]}',
        'spec.podFailurePolicy.rules[0]: Invalid value: null: specifying one of OnExitCodes and OnPodConditions is required',
      ],
      [
        'podFailurePolicy: {rules: [{action: Stop, onPodConditions: [{type: DisruptionTarget}]}]}',
        'spec.podFailurePolicy.rules[0].action: Unsupported value: "Stop"',
      ],
      [
        'podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {containerName: other, operator: In, values: [1]}}]}',
        'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Not found: "other"',
      ],
      [
        'podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {operator: In, values: [0]}}]}',
        'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: 0: must not be 0 for the In operator',
      ],
      ['successPolicy: {rules: [{succeededCount: 1}]}', 'spec.successPolicy: Invalid value'],
      [
        'completionMode: Indexed, completions: 2, successPolicy: {rules: [{}]}',
        'spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified',
      ],
    ]);
    refusesEach(jobOf, [
      ['', 'spec.template: Required value'],
      [template(''), 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
      [
        `${template('restartPolicy: OnFailure')}, podFailurePolicy: {rules: []}`,
        'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
      ],
    ]);
  });

  it('has the name of an indexed Job leave room for its indexes', () => {
    const name = 'x'.repeat(61);
    const indexed = (count: number): string =>
      job(`completionMode: Indexed, completions: ${count}`).replace('name: once', `name: ${name}`);
    assert.deepEqual(problemsOf(indexed(10)), []);
    assert.deepEqual(problemsOf(indexed(11)), [
      `metadata.name: Invalid value: "${name}": will not able to create pod with invalid DNS label: ${name}-10`,
    ]);
  });

  it('has the selector of a Job fit its pods', () => {
    refusesEach(jobOf, [
      [`${template()}, manualSelector: true`, 'spec.selector: Required value'],
      [
        `${template('restartPolicy: Never', 'app: web')}, manualSelector: true, selector: {matchLabels: {app: db}}`,
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
      ],
      [
        `${template('restartPolicy: Never', 'app: web')}, selector: {matchLabels: {app: web}}`,
        'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"a-uid","app":"web"}}: `selector` not auto-generated',
      ],
      [template('restartPolicy: Never', 'job-name: other'), 'spec.template.metadata.labels[job-name]: Invalid value'],
    ]);
  });

  it('settles what a Job does when it is made', () => {
    const refuses = (before: string, after: string, expected: string): void => {
      const problems = updateProblemsOf(job(before), job(after));
      assert.equal(problems.length, 1, problems.join('; '));
      assert.ok(problems[0]?.startsWith(expected), problems[0]);
    };
    refuses('completions: 1', 'completions: 2', 'spec.completions: Invalid value: 2: field is immutable');
    refuses('', 'completionMode: Indexed', 'spec.completionMode: Invalid value: "Indexed": field is immutable');
    assert.deepEqual(updateProblemsOf(job(''), job('parallelism: 3, completions: 1, suspend: true')), []);
    const moved = jobOf(template('restartPolicy: Never, nodeSelector: {disk: ssd}'));
    assert.match(updateProblemsOf(job(''), moved).join(), /^spec.template: Invalid value: .*: field is immutable$/);
    assert.deepEqual(updateProblemsOf(job('suspend: true'), moved), []);
    const elastic = (count: number): string =>
      job(`completionMode: Indexed, completions: ${count}, parallelism: ${count}`);
    assert.deepEqual(updateProblemsOf(elastic(2), elastic(5)), []);
  });

  it('reads schedules as Kubernetes does', () => {
    for (const schedule of [
      '* * * * *',
      '*/5 0-6,22 1 JAN-mar Mon,wed-FRI',
      '0 0 ? * ?',
      '  5/15 * * * 0  ',
      '@hourly',
      '@every 1h30m',
    ]) {
      assert.deepEqual(problemsOf(scheduled(schedule)), [], schedule);
    }
    refusesEach(scheduled, [
      ['', 'spec.schedule: Required value'],
      ['* * * *', 'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
      ['60 * * * *', 'spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60'],
      ['* * 0 * *', 'spec.schedule: Invalid value: "* * 0 * *": beginning of range (0) below minimum (1): 0'],
      ['* * * * 7', 'spec.schedule: Invalid value: "* * * * 7": end of range (7) above maximum (6): 7'],
      ['5-1 * * * *', 'spec.schedule: Invalid value: "5-1 * * * *": beginning of range (5) beyond end of range (1)'],
      ['*/0 * * * *', 'spec.schedule: Invalid value: "*/0 * * * *": step of range should be a positive number'],
      ['a * * * *', 'spec.schedule: Invalid value: "a * * * *": failed to parse int from a'],
      ['1-2-3 * * * *', 'spec.schedule: Invalid value: "1-2-3 * * * *": too many hyphens'],
      ['@sometimes', 'spec.schedule: Invalid value: "@sometimes": unrecognized descriptor: @sometimes'],
      ['@every day', 'spec.schedule: Invalid value: "@every day": failed to parse duration'],
      ['TZ=UTC * * * * *', 'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule'],
    ]);
  });

  it('checks CronJobs', () => {
    assert.deepEqual(problemsOf(cronJob('schedule: "@daily", timeZone: Europe/Zurich')), []);
    refusesEach(
      (spec) => cronJob(`schedule: "@daily", ${spec}`),
      [
        ['timeZone: Mars/Olympus', 'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
        ['timeZone: ""', 'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
        ['timeZone: "+01:00"', 'spec.timeZone: Invalid value: "+01:00": unknown time zone +01:00'],
        ['timeZone: Local', 'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone'],
        [
          'concurrencyPolicy: Never',
          'spec.concurrencyPolicy: Unsupported value: "Never": supported values: "Allow", "Forbid", "Replace"',
        ],
        ['startingDeadlineSeconds: -1', 'spec.startingDeadlineSeconds: Invalid value: -1'],
        ['failedJobsHistoryLimit: -1', 'spec.failedJobsHistoryLimit: Invalid value: -1'],
      ],
    );
    const inTemplate = (spec: string): string => cronJobOf(`schedule: "@daily", jobTemplate: {spec: {${spec}}}`);
    refusesEach(inTemplate, [
      ['', 'spec.jobTemplate.spec.template: Required value'],
      [template(''), 'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values'],
      [`${template()}, completions: -1`, 'spec.jobTemplate.spec.completions: Invalid value: -1'],
      [
        `${template()}, selector: {matchLabels: {a: b}}`,
        'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
      ],
      [
        `${template()}, manualSelector: true`,
        'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
      ],
    ]);
    const long = scheduled('@daily').replace('name: often', `name: ${'x'.repeat(53)}`);
    assert.match(problemsOf(long).join(), /^metadata.name: Invalid value: "x+": must be no more than 52 characters$/);
  });
});
