// wasi:keyvalue and wasi:config for Node.js: what docs/embedding.md asks of a host, on one file.
// The file is a journal: each write is a line, on the disk before the call returns. The newest line of a key counts.
import { fsyncSync, ftruncateSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';

const path = process.env.STORE_FILE ?? 'store.jsonl';
takeTurn(`${path}.lock`);
const file = openSync(path, 'a+', 0o600);
const values = new Map();
const whole = readFileSync(path, 'utf8').split('\n').slice(0, -1);
whole.forEach((line) => apply(JSON.parse(line)));
// A process that died while it wrote has left half a line.
ftruncateSync(file, whole.reduce((bytes, line) => bytes + Buffer.byteLength(line) + 1, 0));

// A second process would not see the writes of this one, and no lease would keep them apart.
function takeTurn(lock) {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
  } catch {
    const other = Number(readFileSync(lock, 'utf8'));
    try { process.kill(other, 0); } catch { unlinkSync(lock); return takeTurn(lock); }
    console.error(`busy: process ${other} has ${path}; if that is another program, remove ${lock}`);
    process.exit(75);
  }
  process.on('exit', () => unlinkSync(lock));
}

function apply(changes) {
  for (const [key, value] of changes) {
    if (value === null) values.delete(key);
    else values.set(key, Buffer.from(value, 'base64'));
  }
}

// All changes of a call are one line, so that a process that dies has written all of them or none.
function write(changes) {
  const encoded = changes.map(([key, value]) => [key, value && Buffer.from(value).toString('base64')]);
  writeSync(file, `${JSON.stringify(encoded)}\n`);
  fsyncSync(file);
  apply(encoded);
}

class Bucket {
  get = (key) => values.get(key);
  set = (key, value) => write([[key, value]]);
  delete = (key) => write([[key, null]]);
  exists = (key) => values.has(key);
  listKeys = () => ({ keys: [...values.keys()], cursor: undefined });
}

class Cas {
  constructor(key) { [this.key, this.seen] = [key, values.get(key)]; }
  static new = (_bucket, key) => new Cas(key);
  current = () => this.seen;
}

export const store = { Bucket, open: () => new Bucket() };
export const batch = {
  getMany: (_bucket, keys) => keys.map((key) => [key, values.get(key)]),
  setMany: (_bucket, pairs) => write(pairs),
  deleteMany: (_bucket, keys) => write(keys.map((key) => [key, null])),
};
export const atomics = {
  Cas,
  // Values are replaced and never changed, so the same object is the same value.
  swap(cas, value) {
    if (values.get(cas.key) !== cas.seen) throw { tag: 'cas-failed', val: new Cas(cas.key) };
    write([[cas.key, value]]);
  },
  // A counter is eight bytes, the lowest first.
  increment(_bucket, key, delta) {
    const bytes = Buffer.alloc(8);
    const sum = (values.get(key)?.readBigInt64LE() ?? 0n) + delta;
    bytes.writeBigInt64LE(sum);
    write([[key, bytes]]);
    return sum;
  },
};
export const config = { get: (name) => process.env[name.toUpperCase()], getAll: () => [] };
