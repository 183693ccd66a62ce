// @ts-check
// Runs a job of the component until it is done: node run.mjs new|reconcile. Reports are lines of the output.
// The settings are those of docs/configuration.md, from the environment.
import { sync } from './component/plugin.js';
import { line, text } from './report.mjs';

const EXIT = { config: 78, 'invalid-call': 78, busy: 75, upstream: 69, internal: 1 };

/** @type {(error: import('./component/interfaces/kaspi-amocrm-plugin-types.js').Error) => string} */
function why(error) {
  switch (error.tag) {
    case 'config': return error.val.map(text).join('\n');
    case 'busy': return 'another run has this connection';
    default: return text({ message: error.val });
  }
}

const job = process.argv[2];
if (job !== 'new' && job !== 'reconcile') {
  console.error('say new or reconcile');
  process.exit(2);
}
try {
  for (let more = true, continues = false; more; continues = true) {
    const caller = { connection: undefined, lease: /** @type {const} */ ('component') };
    const report = sync.run(job, { caller, maxMs: 30000n, continues, dryRun: false });
    console.log(line(report));
    more = report.more;
    // The component keeps a second between the requests of two runs; so does whoever comes next.
    if (more) await new Promise((resolve) => setTimeout(resolve, 1500));
  }
} catch (thrown) {
  /** @type {import('./component/interfaces/kaspi-amocrm-plugin-types.js').Error | undefined} */
  const error = /** @type {any} */ (thrown).payload;
  console.error(error?.tag ? `${error.tag}: ${why(error)}` : thrown);
  process.exit(error?.tag ? EXIT[error.tag] : 1);
}
