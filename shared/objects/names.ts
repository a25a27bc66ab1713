/** The name grammars of Kubernetes: without the lengths, which bound what is to be matched. */

export const label = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
export const subdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
export const qualified = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** `web-1`: at most 63 characters. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && label.test(text);
}

/** `web-1.example`: at most 253 characters. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && subdomain.test(text);
}

/** `app` or `example.com/app`. */
export function isLabelKey(text: string): boolean {
  const parts = text.split('/', 3);
  const name = parts.pop() ?? '';
  const prefix = parts.pop();
  if (parts.length > 0 || (prefix !== undefined && !isDnsSubdomain(prefix))) return false;
  return name.length <= 63 && qualified.test(name);
}

/** Empty, or at most 63 letters, digits and `-_.` between alphanumerics. */
export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= 63 && qualified.test(text));
}

/** Namespaces that are always there and cannot be deleted. */
export const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;
