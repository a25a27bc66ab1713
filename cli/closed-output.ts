/** Commands that change things: they go on when nobody reads what they say. */
const changing: ReadonlySet<string> = new Set(
  'apply create run expose autoscale debug replace patch edit set delete scale rollout cordon uncordon drain taint label annotate token up down image'.split(
    ' ',
  ),
);

/** A reader who closes the pipe (`berth get pods | head -1`) has had enough: that is no failure. */
export function allowClosedOutput(command: string): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (stream === process.stdout && !changing.has(command)) process.exit(0);
    });
  }
}
