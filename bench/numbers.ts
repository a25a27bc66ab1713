/** Times or rates of one run, by what was measured. */
export class Numbers {
  readonly #lists = new Map<string, number[]>();

  add(what: string, value: number): void {
    this.#lists.set(what, [...(this.#lists.get(what) ?? []), value]);
  }

  median(what: string): number {
    const sorted = [...(this.#lists.get(what) ?? [])].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? NaN;
  }

  /** A line for each list: median, lowest and highest. */
  print(unit: string): void {
    for (const [what, list] of this.#lists) {
      const [median, lowest, highest] = [this.median(what), Math.min(...list), Math.max(...list)];
      const range = `${lowest.toFixed(1)} to ${highest.toFixed(1)}`;
      console.log(`${what.padEnd(26)} ${median.toFixed(1).padStart(8)} ${unit}   (${range}, ${list.length} times)`);
    }
  }

  printRatio(what: string, peer: string): void {
    console.log(`${`${what} / ${peer}`.padEnd(26)} ${(this.median(what) / this.median(peer)).toFixed(2).padStart(8)}`);
  }
}
