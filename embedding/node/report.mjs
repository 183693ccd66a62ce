// @ts-check
// A report as the JSON that the program prints (docs/configuration.md); wit/json.rs is the same in Rust.
import { readFileSync } from 'node:fs';

/** @import { Report, Problem, Message, PlannedOrder, PlannedContact } from './component/interfaces/kaspi-amocrm-plugin-types.js' */

/** @type {Record<string, [en: string, ru: string]>} rendered from contract/src/message/ by `cargo xtask settings` */
const templates = JSON.parse(readFileSync(new URL('messages.json', import.meta.url), 'utf8'));

const snake = (/** @type {string} */ word) => word.replaceAll('-', '_');
const moment = (/** @type {bigint | undefined} */ ms) =>
  ms === undefined ? null : new Date(Number(ms)).toISOString().replace(/\.\d+Z$/, 'Z');
const number = (/** @type {bigint | undefined} */ value) => (value === undefined ? undefined : Number(value));

/** A message in one language; an argument may be a message of its own (contract/src/message.rs).
 * @type {(id: string, values: Map<string, string>, language: 0 | 1, scope?: string, depth?: number) => string} */
function write(id, values, language, scope = '', depth = 10) {
  const template = templates[id]?.[language];
  if (template === undefined) {
    const own = [...values].filter(([name]) => name.startsWith(scope));
    const told = own.map(([name, value]) => `${name.slice(scope.length)}: ${value}`);
    return told.length ? `${id} (${told.join(', ')})` : id;
  }
  return template.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (piece, name) => {
    if (name === undefined) return piece[0];
    const inner = values.get(`${scope}${name}@`);
    return values.get(`${scope}${name}`)
      ?? (inner !== undefined && depth > 0 ? write(inner, values, language, `${scope}${name}.`, depth - 1) : '?');
  });
}

/** In English and Russian: a beginning up to a colon that both share stands once.
 * @type {(message: Message) => string} */
function both(message) {
  const values = new Map(message.arguments);
  const [en, ru] = [write(message.id, values, 0), write(message.id, values, 1)];
  const head = en.slice(0, en.indexOf(': ') + 1 && en.indexOf(': ') + 2);
  return en === ru ? en : `${en} / ${ru.startsWith(head) ? ru.slice(head.length) : ru}`;
}

/** @type {(problem: { setting?: string, message: Message, hint?: Message }) => string} */
export function text({ setting, message, hint }) {
  const name = setting ? `${setting}: ` : '';
  if (!hint) return name + both(message);
  const one = (/** @type {0 | 1} */ language) =>
    `${write(message.id, new Map(message.arguments), language)}; ${write(hint.id, new Map(hint.arguments), language)}`;
  return `${name}${one(0)} / ${one(1)}`;
}

/** @type {(problem: Problem) => object} */
const problem = (problem) => ({
  code: problem.code ?? '',
  class: problem.class === 'token' ? 'config' : snake(problem.class),
  message: text(problem),
});

/** @type {(contact: PlannedContact | undefined) => unknown} */
const contact = (contact) => (contact?.tag === 'found' ? { found: Number(contact.val) } : contact?.tag);

/** @type {(order: PlannedOrder) => object} */
const planned = (order) => ({
  code: order.code,
  lead: order.lead,
  why: text({ message: order.why }),
  lead_id: number(order.leadId),
  status_id: number(order.statusId),
  price_kzt: number(order.priceKzt),
  contact: contact(order.contact),
  products: order.products.length === 0 ? undefined : order.products.map((product) => ({
    sku: product.sku ?? null,
    name: product.name,
    quantity: Number(product.quantity),
    element_id: number(product.elementId) ?? null,
  })),
  note: order.note,
});

/** @type {(report: Report) => string} */
export const line = (report) => JSON.stringify({
  job: report.activity,
  connection: report.connection,
  started_at: moment(report.startedAtMs),
  took_ms: Number(report.tookMs),
  complete: report.complete,
  more: report.more,
  seen: Number(report.seen),
  created: Number(report.created),
  adopted: Number(report.adopted),
  updated: Number(report.updated),
  skipped: Number(report.skipped),
  parked: Number(report.parked),
  in_doubt: Number(report.inDoubt),
  backlog: Number(report.backlog),
  requests: { kaspi: Number(report.requests.kaspi), amocrm: Number(report.requests.amocrm) },
  watermark: moment(report.watermarkMs),
  lag_ms: number(report.lagMs) ?? null,
  token_age_ms: number(report.tokenAgeMs),
  token_left_ms: number(report.tokenLeftMs),
  problems: report.problems.map(problem),
  next_from_ms: number(report.nextFromMs),
  plan: report.plan?.map(planned),
});
