import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { backoffMs } from '../../shared/backoff.ts';
import {
  checkJoinReply,
  expiryOf,
  parseJoinToken,
  type JoinReply,
  signJoin,
  type JoinRequest,
  type JoinToken,
} from '../../shared/bus/join-token.ts';
import { NatsBus } from '../../shared/bus/nats-bus.ts';
import { createUserKey, isUserSeed, publicKeyOfSeed } from '../../shared/bus/nats-user.ts';
import { joinInboxPrefix, subjects } from '../../shared/bus/subjects.ts';
import type { Clock } from '../../shared/clock.ts';
import { ApiError, hasReason, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { readIfExists, writeAtomic } from '../host/files.ts';
import { NodeIdentity } from './identity.ts';

export interface JoinOptions {
  /** Needed until the node has joined once. */
  token?: string;
  node: string;
  /** Where key and credentials are kept: `AgentPaths.data`. */
  directory: string;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

const answerWithinMs = 5000;
/** Worth another try: the controller may not be there yet. */
const passing: ReadonlySet<string> = new Set(['ServiceUnavailable', 'Timeout', 'TooManyRequests', 'InternalError']);

/**
 * Makes this machine a node, or finds that it is one. With a new token it joins, and waits for a controller if there is
 * none yet; without, or when it joined with this token before, what was kept is used and nobody is asked. Throws what
 * the controller says against it.
 */
export async function joinCluster(options: JoinOptions): Promise<NodeIdentity> {
  const { node, directory, clock, log } = options;
  const known = await NodeIdentity.load({ directory, clock, log }, node);
  if (options.token === undefined) {
    if (known !== undefined) return known;
    throw new ApiError('BadRequest', 'this machine is not a node yet: start it once with --join and a token');
  }
  const token = parseJoinToken(options.token);
  if (known?.credentials.tokenId === token.id) return known;
  if (known === undefined) return joinWith(token, options);
  try {
    return await joinWith(token, options, known);
  } catch (error) {
    const isSameCluster = known.credentials.ca === token.ca && known.credentials.urls.join() === token.urls.join();
    if (options.signal.aborted || !isSameCluster) throw error;
    log.warn('not joined again; going on with what was kept', { problem: messageOf(error) });
    return known;
  }
}

/** Asks until there is an answer; a node that has joined before asks once. */
async function joinWith(token: JoinToken, options: JoinOptions, known?: NodeIdentity): Promise<NodeIdentity> {
  const { node, directory, clock, log, signal } = options;
  const expiry = expiryOf(token.jwt);
  if (expiry !== undefined && clock.now() >= expiry * 1000) {
    throw new ApiError('Unauthorized', 'the join token has expired: make a new one with "berth token create"');
  }
  let seed = await keepSeed(directory, known?.credentials.seed, log);
  let isNewKey = false;
  const { id, secret, urls, ca } = token;
  for (let failures = 0; ;) {
    try {
      const request = signJoin({ id, secret, node, publicKey: publicKeyOfSeed(seed) }, seed);
      const reply = await ask(token, request, options);
      const identity = new NodeIdentity(
        { directory, clock, log },
        { node, urls, ...(ca !== undefined && { ca }), seed, ...reply, tokenId: id },
      );
      await identity.save();
      return identity;
    } catch (error) {
      signal.throwIfAborted();
      if (hasReason(error, 'Expired') && !isNewKey) {
        log.warn('the key of this node was revoked; joining with a new one', { problem: error.message });
        seed = await saveSeed(directory, createUserKey().seed);
        isNewKey = true;
        continue;
      }
      if (known !== undefined || !(error instanceof ApiError) || !passing.has(error.reason)) throw error;
      failures += 1;
      if (failures === 1) log.warn('waiting for a controller to join', { problem: error.message });
      await clock.sleep(backoffMs(failures, { initialMs: 250, maxMs: 5000 }), signal);
    }
  }
}

async function ask(token: JoinToken, request: JoinRequest, { log, signal }: JoinOptions): Promise<JoinReply> {
  const bus = new NatsBus({
    name: `${request.node} join`,
    servers: token.urls,
    ...(token.ca !== undefined && { ca: token.ca }),
    credentials: { jwt: () => token.jwt, seed: token.seed },
    inboxPrefix: joinInboxPrefix(token.id),
    log,
  });
  try {
    await readyFor(bus, signal);
    return checkJoinReply(await bus.request(subjects.join(token.id), request, { timeoutMs: answerWithinMs, signal }));
  } finally {
    await bus.close();
  }
}

/** A token that was taken back or is used up does not even connect. */
async function readyFor(bus: NatsBus, signal: AbortSignal): Promise<void> {
  try {
    await bus.ready({ timeoutMs: answerWithinMs, signal });
  } catch (error) {
    if (!hasReason(error, 'Unauthorized')) throw error;
    const message = 'the join token is unknown, used up or was revoked: make a new one with "berth token create"';
    throw new ApiError('Unauthorized', message, {}, { cause: error });
  }
}

/**
 * The key is kept before it is used: whose answer is lost asks again with the same one. A damaged one is replaced by
 * `known`, the key that this node has joined with, or by a new one.
 */
async function keepSeed(directory: string, known: string | undefined, log: Logger): Promise<string> {
  const file = join(directory, 'node.key');
  const kept = (await readIfExists(file))?.trim();
  if (kept !== undefined) {
    if (isUserSeed(kept)) return kept;
    log.warn('the key of this node is damaged; it is replaced', {
      file,
      by: known === undefined ? 'a new one' : 'its copy',
    });
  }
  return saveSeed(directory, known ?? createUserKey().seed);
}

async function saveSeed(directory: string, seed: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeAtomic(join(directory, 'node.key'), `${seed}\n`);
  return seed;
}
