/** A program of Berth's ended before it was ready. It has said why, so nothing is added to that. */
export class EndedAtStart extends Error {
  readonly code: number | null;

  constructor(program: string, code: number | null) {
    super(`the ${program} ended with ${code ?? 'a signal'} at its start`);
    this.name = 'EndedAtStart';
    this.code = code;
  }
}
