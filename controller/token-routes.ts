import { parseJoinToken } from '../shared/bus/join-token.ts';
import { ApiError } from '../shared/errors.ts';
import type { ExtensionRoute } from './api/deps.ts';
import type { JoinTokens } from './nodes/join-tokens.ts';

const maxTtlMs = 365 * 24 * 3_600_000;
const maxUses = 10_000;

/** `/berth/v1/tokens`: what `berth token` speaks with. */
export function tokenRoutes(tokens: JoinTokens): ExtensionRoute[] {
  return [
    {
      method: 'POST',
      path: '/berth/v1/tokens',
      handler: async (body) => {
        const wanted = (body ?? {}) as { ttlMs?: unknown; uses?: unknown };
        const ttlMs = readNumber('ttlMs', wanted.ttlMs ?? 24 * 3_600_000, maxTtlMs);
        const uses = readNumber('uses', wanted.uses ?? 1, maxUses);
        const token = await tokens.create({ ttlMs, uses });
        return { id: parseJoinToken(token).id, token };
      },
    },
    {
      method: 'GET',
      path: '/berth/v1/tokens',
      handler: () => ({
        items: tokens
          .list()
          .map(({ id, expiresAt, uses, used }) => ({ id, expires: expiresAt, usesLeft: uses - used })),
      }),
    },
    {
      method: 'DELETE',
      path: '/berth/v1/tokens/:id',
      handler: async (_body, { params }) => {
        await tokens.revoke(params['id'] ?? '');
        return {};
      },
    },
  ];
}

function readNumber(field: string, value: unknown, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1 || value > max) {
    throw new ApiError('BadRequest', `${field}: a whole number from 1 to ${max}`);
  }
  return value;
}
