import { ApiError } from '../../../shared/errors.ts';

const why =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** A list whose version is gone between two of its pages. `continueToken` goes on with what there is now. */
export class ExpiredPage extends ApiError {
  readonly continueToken: string;

  constructor(continueToken: string) {
    super('Expired', why);
    this.continueToken = continueToken;
  }
}
