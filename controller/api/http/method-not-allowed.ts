import { ApiError, type ErrorDetails } from '../../../shared/errors.ts';

/** The refusal of a method on a path that has others: the answer names them. */
export class MethodNotAllowed extends ApiError {
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[], details: ErrorDetails = {}) {
    super('MethodNotAllowed', 'the server does not allow this method on the requested resource', details);
    this.allowed = allowed;
  }
}
