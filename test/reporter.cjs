// Mocha's spec reporter, with the counts written to the file that test/run.sh reads.
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      if (process.env.BERTH_TEST_REPORT)
        writeFileSync(process.env.BERTH_TEST_REPORT, `${passes} ${failures} ${pending}\n`);
    });
  }
};
