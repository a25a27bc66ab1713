/** What a client sees of a refusal, with nothing left out. */
export function status(
  code: number,
  reason: string,
  message: string,
  details?: object,
): Record<string, unknown> & { code: number } {
  const rest = { message, reason, ...(details && { details }), code };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...rest };
}
