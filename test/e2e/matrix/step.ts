/** One command of a session, and what it must answer. */
export interface Step {
  /** Everything after `kubectl`; single quotes keep spaces. */
  run: string;
  /** Default 0. */
  code?: number;
  /** The whole of stdout, normalised (one space between columns, ages as AGE), or what must match in it. */
  out?: string | RegExp;
  /** The whole of stderr, or what must match in it. */
  err?: string | RegExp;
  stdin?: string;
  /** The oldest minor version of kubectl that has it. */
  since?: number;
}

/** What a session may name: objects that belong to no namespace need a name of its own. */
export interface Session {
  /** `m132` for kubectl 1.32; the namespace too. */
  name: string;
  image: string;
  node: string;
}

export type Theme = (session: Session) => readonly Step[];
