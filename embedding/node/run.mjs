// Runs a job of the component until it is done: node run.mjs new|reconcile. Reports are lines of the output.
// The settings are those of docs/configuration.md, from the environment.
import { sync } from './component/plugin.js';

const job = process.argv[2];
if (job !== 'new' && job !== 'reconcile') {
  console.error('say new or reconcile');
  process.exit(2);
}
try {
  for (let more = true, continues = false; more; continues = true) {
    const report = sync.run(job, JSON.stringify({ max_ms: 30000, continues }));
    console.log(report);
    more = JSON.parse(report).more;
    // The component keeps a second between the requests of two runs; so does whoever comes next.
    if (more) await new Promise((resolve) => setTimeout(resolve, 1500));
  }
} catch (error) {
  const { tag, val } = error.payload ?? {};
  console.error(tag ? `${tag}: ${val ?? 'another run has this connection'}` : error);
  process.exit(tag === 'config' ? 78 : tag === 'busy' ? 75 : tag === 'upstream' ? 69 : 1);
}
