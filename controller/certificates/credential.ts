/** A certificate and its key, both PEM. */
export interface Credential {
  certificate: string;
  privateKey: string;
}
