/** Times or rates of one run, by what was measured. */
export class Numbers {
  readonly #lists = new Map<string, number[]>();

  add(what: string, value: number): void {
    const list = this.#lists.get(what);
    if (list === undefined) this.#lists.set(what, [value]);
    else list.push(value);
  }

  median(what: string): number {
    return this.percentile(what, 50);
  }

  percentile(what: string, percent: number): number {
    const sorted = [...(this.#lists.get(what) ?? [])].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? NaN;
  }

  /** A line for each list: median, lowest and highest. */
  print(unit: string): void {
    for (const [what, list] of this.#lists) {
      const [median, lowest, highest] = [this.median(what), Math.min(...list), Math.max(...list)];
      const range = `${lowest.toFixed(1)} to ${highest.toFixed(1)}`;
      console.log(`${what.padEnd(26)} ${median.toFixed(1).padStart(8)} ${unit}   (${range}, ${list.length} times)`);
    }
  }

  /** A line for each list: median and 99th percentile. */
  printPercentiles(unit: string): void {
    for (const [what, list] of this.#lists) {
      const [median, late] = [this.percentile(what, 50), this.percentile(what, 99)];
      const times = `(${list.length} times)`;
      console.log(`${what.padEnd(26)} ${median.toFixed(2).padStart(8)} ${unit}   p99 ${late.toFixed(2)} ${times}`);
    }
  }

  printRatio(what: string, peer: string): void {
    console.log(`${`${what} / ${peer}`.padEnd(26)} ${(this.median(what) / this.median(peer)).toFixed(2).padStart(8)}`);
  }
}
