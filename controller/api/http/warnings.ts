/** More say nothing that the first ones did not. */
const maxWarnings = 50;
const maxBytes = 4_096;

/** Warning headers as kubectl prints them. Bounded, since proxies and clients bound headers too. */
export function warningHeaders(warnings: readonly string[]): string[] {
  let left = maxBytes;
  const headers: string[] = [];
  for (const text of new Set(warnings)) {
    const header = `299 - "${quote(text)}"`;
    left -= header.length;
    if (headers.length === maxWarnings || left < 0) break;
    headers.push(header);
  }
  return headers;
}

/** A header carries printable ASCII only; field names of a manifest may be anything. */
function quote(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, (sign) => `\\${sign}`);
}
