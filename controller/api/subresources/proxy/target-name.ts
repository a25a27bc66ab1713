import { ApiError } from '../../../../shared/errors.ts';

/** What a proxy path names: `web`, `web:8080`, `https:web:8443`. */
export interface TargetName {
  scheme: 'http' | 'https';
  name: string;
  /** A number or a name; '' for none. */
  port: string;
}

/** Throws BadRequest for a text of another shape. */
export function parseTargetName(text: string, what: string): TargetName {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts];
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme)) {
    throw new ApiError('BadRequest', `invalid ${what} request ${JSON.stringify(text)}`);
  }
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}
