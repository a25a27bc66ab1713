/** Why a step failed, in the word that a container's waiting reason shows. The step is tried again after a back-off. */
export class StepFailure extends Error {
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StepFailure';
    this.reason = reason;
  }
}
