import type { WebSocket } from 'ws';
import type { Clock } from '../../../shared/clock.ts';

/** Often enough for what forgets idle connections on the way. */
const pingMs = 15_000;
/** A client that is suspended, or whose pager waits, answers nothing for a while; one that is gone never will. */
const silentMs = 300_000;

/** Pings a client, and cuts it off when it has said nothing for five minutes. Ends with the signal. */
export async function keepAlive(socket: WebSocket, clock: Clock, signal: AbortSignal): Promise<void> {
  let heardAt = clock.monotonic();
  const hear = (): void => {
    heardAt = clock.monotonic();
  };
  socket.on('pong', hear).on('ping', hear).on('message', hear);
  // What a paused socket says is not heard.
  for (; clock.monotonic() - heardAt < silentMs; await clock.sleep(pingMs, signal)) {
    if (socket.isPaused) hear();
    socket.ping();
  }
  socket.terminate();
}
