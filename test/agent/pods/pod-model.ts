import assert from 'node:assert/strict';
import { planPod } from '../../../agent/pods/plan.ts';
import type { PodRecord } from '../../../agent/pods/pod-record.ts';
import { allContainers, specOf, type PodView } from '../../../agent/pods/pod-view.ts';
import { sizeOf } from '../../../agent/pods/resources.ts';
import { restartStreak } from '../../../agent/pods/restart-delay.ts';
import { specHashOf } from '../../../agent/pods/spec-hash.ts';
import { type Step, keyOf } from '../../../agent/pods/step.ts';
import type { ContainerId, ContainerStatus, SandboxId, SandboxStatus } from '../../../agent/runtime/driver.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';

/** A pod and its containers as plain values; applies steps at once, as a perfect runtime would. */
export class PodModel {
  pod: Stored<Pod>;
  record: PodRecord;
  sandboxes: SandboxStatus[] = [];
  containers: ContainerStatus[] = [];
  areVolumesReady = false;
  isCleanedUp = false;
  now = 1_000_000;
  end: PodView['end'];

  constructor(pod: Stored<Pod>) {
    this.pod = pod;
    const { name, uid } = pod.metadata;
    this.record = { namespace: 'default', name, uid, startTime: this.now, sandboxAttempt: -1, containers: {} };
  }

  view(): PodView {
    const { pod, record, sandboxes, containers, areVolumesReady, now, end } = this;
    const none = { probes: new Map(), holds: new Map(), busy: new Set<string>(), stopping: new Map() };
    return { pod, record, sandboxes, containers, areVolumesReady, now, end, ...none };
  }

  apply(step: Step): void {
    switch (step.do) {
      case 'prepareVolumes':
        this.areVolumesReady = true;
        break;
      case 'runSandbox':
        this.record.sandboxAttempt = step.attempt;
        this.sandboxes.push({ ...this.#sandbox(`s${String(step.attempt)}`), attempt: step.attempt });
        break;
      case 'start':
        this.#start(step.container, step.attempt, step.sandbox);
        break;
      case 'resume':
        for (const container of this.containers) if (container.id === step.id) container.state = 'running';
        break;
      case 'resize':
        for (const container of this.containers) if (container.id === step.id) container.size = step.size;
        break;
      case 'stop':
        this.exit(step.id, 143);
        break;
      case 'removeContainer':
        this.containers = this.containers.filter(({ id }) => id !== step.id);
        break;
      case 'stopSandbox':
        this.lose(step.id);
        break;
      case 'removeSandbox':
        this.sandboxes = this.sandboxes.filter(({ id }) => id !== step.id);
        this.containers = this.containers.filter(({ sandbox }) => sandbox !== step.id);
        break;
      case 'cleanUp':
        this.isCleanedUp = true;
        this.sandboxes = [];
        this.containers = [];
        break;
    }
  }

  /** Plans and applies until only waiting is left. */
  settle(): Step[] {
    const done: Step[] = [];
    for (let round = 0; round < 50 && !this.isCleanedUp; round += 1) {
      const { steps } = planPod(this.view());
      if (steps.length === 0) return done;
      assert.equal(new Set(steps.map(keyOf)).size, steps.length, 'two steps with one key');
      for (const step of steps) this.apply(step);
      done.push(...steps);
    }
    assert.ok(this.isCleanedUp, 'a plan must come to rest');
    return done;
  }

  exit(id: ContainerId, exitCode: number): void {
    const status = this.containers.find((container) => container.id === id);
    if (status === undefined || status.state !== 'running') return;
    Object.assign(status, { state: 'exited', exitCode, finishedAt: this.now });
    const { attempt, sandbox, startedAt, name } = status;
    const ended = { attempt, id, sandbox, exitCode, reason: 'Error', message: '', startedAt, finishedAt: this.now };
    const record = this.record.containers[name];
    if (record !== undefined) record.ended = [...record.ended, ended].slice(-2);
  }

  lose(id: SandboxId): void {
    for (const container of this.containers) if (container.sandbox === id) this.exit(container.id, 137);
    this.sandboxes = this.sandboxes.map((sandbox) => (sandbox.id === id ? { ...sandbox, isReady: false } : sandbox));
  }

  running(): string[] {
    return this.containers.filter(({ state }) => state === 'running').map(({ name }) => name);
  }

  #sandbox(id: string): SandboxStatus {
    return { id: id as SandboxId, pod: this.record, attempt: 0, isReady: true, ip: '10.0.0.2', createdAt: this.now };
  }

  #start(name: string, attempt: number, sandbox: SandboxId): void {
    const container = allContainers(specOf(this.pod)).find((entry) => entry.name === name);
    assert.ok(container !== undefined);
    assert.ok(!this.running().includes(name), `${name} would run twice`);
    const last = this.record.containers[name]?.ended.at(-1);
    const record = this.record.containers[name] ?? {
      attempt: -1,
      imageId: '',
      specHash: '',
      restartStreak: 0,
      ended: [],
    };
    assert.equal(attempt, record.attempt + 1);
    const streak = last === undefined ? 0 : restartStreak(record, last) + 1;
    this.record.containers[name] = { ...record, attempt, restartStreak: streak };
    this.containers.push({
      id: `${name}-${String(attempt)}` as ContainerId,
      sandbox,
      pod: this.record,
      name,
      attempt,
      image: '',
      imageId: '',
      specHash: specHashOf(container),
      size: sizeOf(container),
      logPath: '',
      state: 'running',
      createdAt: this.now,
      startedAt: this.now,
      finishedAt: 0,
      exitCode: 0,
      reason: '',
      message: '',
    });
  }
}
