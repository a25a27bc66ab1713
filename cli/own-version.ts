/** Berth's own version. */
export const ownVersion = '0.1.0';
